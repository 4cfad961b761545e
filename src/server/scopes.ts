import { Refusal } from './answers.js'

export function requireScope({ scopes }: { readonly scopes: readonly string[] }, scope: string): void {
  if (scopes.includes(scope)) return
  throw new Refusal(403, 'insufficient_scope', {
    headers: { 'WWW-Authenticate': `Bearer realm="latchkey", error="insufficient_scope", scope="${scope}"` },
  })
}
