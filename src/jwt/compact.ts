import { base64url } from 'jose'
import { TokenError } from './errors.js'

/** What an honest token never comes near, and what servers allow for all headers together. */
const MAX_LENGTH = 16_384

/** Three parts of base64url: no JWE, which has five, and no unsigned token, whose third is empty. */
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/**
 * The header and the payload of a signed token as they stand there: nothing is trusted yet. Refused is what is written in more than one
 * way: bits behind the end of a part, bytes that are no UTF-8, a byte order mark, and a name that stands twice.
 */
export function take(token: unknown): { header: object; payload: object } {
  const parts =
    typeof token === 'string' && token.length <= MAX_LENGTH ? (COMPACT.exec(token)?.slice(1) ?? []) : []
  try {
    const [header, payload] = parts.map(bytesOf)
    return { header: objectIn(header!), payload: objectIn(payload!) }
  } catch {
    throw new TokenError('malformed')
  }
}

function bytesOf(part: string): Uint8Array {
  const bytes = base64url.decode(part)
  if (base64url.encode(bytes) !== part) throw new Error('not canonical')
  return bytes
}

function objectIn(bytes: Uint8Array): object {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no object')
  if (repeatsName(text)) throw new Error('a name twice')
  return value
}

/** Whether an object anywhere in the text, which is good JSON, has two members of one name. */
export function repeatsName(json: string): boolean {
  const objects: Set<string>[] = []
  for (const [token, text, colon] of json.matchAll(/[{}]|("(?:[^"\\]|\\.)*")\s*(:)?/g)) {
    if (token === '{') objects.push(new Set())
    else if (token === '}') objects.pop()
    else if (colon !== undefined) {
      const names = objects.at(-1)!
      const name = JSON.parse(text!) as string
      if (names.has(name)) return true
      names.add(name)
    }
  }
  return false
}
