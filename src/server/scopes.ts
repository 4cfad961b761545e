import { Refusal } from './answers.js'
import type { User } from './store.js'

const SCOPES_OF_ALL = ['orders', 'profile']

export function scopesOf({ roles }: User): readonly string[] {
  return [...SCOPES_OF_ALL, ...roles]
}

export function requireScope({ scopes }: { readonly scopes: readonly string[] }, scope: string): void {
  if (scopes.includes(scope)) return
  throw new Refusal(403, 'insufficient_scope', {
    headers: { 'WWW-Authenticate': `Bearer realm="latchkey", error="insufficient_scope", scope="${scope}"` },
  })
}
