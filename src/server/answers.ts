import type { Mode } from './modes.js'

/** A no in the words of the contract. Thrown anywhere, turned into an answer in one place. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
  /** Of which mode the answer deletes the credential. */
  readonly deletes: Mode | undefined
  /** Whether somebody has guessed wrong, where guesses are counted. */
  readonly counts: boolean

  constructor(
    status: number,
    code: string,
    details: {
      description?: string
      headers?: Record<string, string>
      deletes?: Mode
      counts?: boolean
    } = {},
  ) {
    super(details.description ?? code)
    this.status = status
    this.code = code
    this.headers = details.headers ?? {}
    this.deletes = details.deletes
    this.counts = details.counts ?? true
  }
}

/** The store or the application could not be asked: nobody is refused for it, and nothing is known of any cookie. */
export function unavailable(): Refusal {
  return new Refusal(503, 'temporarily_unavailable', { headers: { 'Retry-After': '5' } })
}

export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  })
}

export function empty(status = 204, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers })
}

export function refused({ status, code, message, headers }: Refusal): Response {
  const body = message === code ? { error: code } : { error: code, error_description: message }
  return json(body, status, headers)
}

/**
 * After a form was posted the browser must not post it again to the next address: 303, never 307 (RFC 9700
 * 4.12).
 */
export function seeOther(location: string): Response {
  return empty(303, { Location: location })
}
