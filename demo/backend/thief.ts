import type { ReferenceBackend } from 'latchkey/testing'
import type { Replay } from '../shared/demo-api.js'
import { REFRESH_COOKIE } from './backend.js'

interface Family {
  readonly first: string
  readonly since: number
  renewals: number
}

const NAME = `(?:__Host-)?${REFRESH_COOKIE}`
const SENT = new RegExp(`(?:^|; )(${NAME})=([^;]+)`)
const SET = new RegExp(`^${NAME}=([^;]+)`)

/** Copies the first refresh cookie of each sign-in, as malware on the machine would, and can show it to the server later. */
export class Thief {
  readonly #families = new Map<string, Family>()
  #newest: string | undefined

  /**
   * Looks at one exchange of the backend: its path, the cookie that was sent, and the lines that set new ones. A sign-in begins a
   * family, whatever cookie of an ended session is still sent with it.
   */
  watch(path: string, sent: string | undefined, lines: readonly string[]): void {
    const before = path.endsWith('/login') ? undefined : SENT.exec(sent ?? '')?.[2]
    for (const line of lines) {
      const value = SET.exec(line)?.[1]
      if (value === undefined || this.#families.has(value)) continue
      const family = (before !== undefined && this.#families.get(before)) || {
        first: value,
        since: Date.now(),
        renewals: -1,
      }
      family.renewals++
      this.#families.set(value, family)
      this.#newest = value
    }
  }

  /** Shows the copy of this browser's first cookie to the server; undefined where nothing was copied yet. */
  async replay(
    backend: ReferenceBackend,
    origin: string,
    cookieHeader: string | undefined,
  ): Promise<Replay | undefined> {
    const [, name, value] = SENT.exec(cookieHeader ?? '') ?? []
    const family = this.#families.get(value ?? this.#newest ?? '')
    if (!family || family.renewals < 1) return undefined
    const request = new Request(`${origin}/auth/refresh`, { method: 'POST', headers: { 'X-CSRF': '1' } })
    const cookie = `${name ?? `__Host-${REFRESH_COOKIE}`}=${family.first}`
    const answer = await backend.handle(request, {
      headers: { cookie, origin, 'sec-fetch-site': 'same-origin' },
      setCookie: () => {},
    })
    const body = answer.type === 'error' ? {} : ((await answer.json().catch(() => ({}))) as object)
    return {
      status: answer.status,
      code: 'error' in body && typeof body.error === 'string' ? body.error : undefined,
      ageSeconds: Math.round((Date.now() - family.since) / 1000),
      renewals: family.renewals,
    }
  }
}
