import type { Cookies } from './cookies.js'
import type { Exchange } from './exchange.js'
import { otherThan, type Mode } from './modes.js'
import type { Sessions } from './sessions.js'
import type { Settings } from './settings.js'
import type { Session } from './store.js'

/** A cookie that came along, and the session that ever gave it out. */
export interface Credential {
  /** Which of the two cookies it came in. */
  readonly mode: Mode
  readonly value: string
  readonly session: Session | undefined
}

export interface Credentials {
  /** Every one of the modes that are served, what is issued now first. */
  all(exchange: Exchange): Promise<readonly Credential[]>
  /** The one that counts: of a session that lives before any other. */
  find(exchange: Exchange): Promise<Credential | undefined>
  /** Of the sessions that came along. */
  sessionIds(exchange: Exchange): Promise<readonly string[]>
}

export function createCredentials(
  { clock, modes }: Settings,
  cookies: Cookies,
  sessions: Sessions,
): Credentials {
  const all: Credentials['all'] = async (exchange) => {
    const header = exchange.header('cookie')
    const found: Credential[] = []
    for (const mode of [modes.issued(), otherThan(modes.issued())]) {
      const value = modes.serves(mode) ? cookies.credential(mode, header) : undefined
      if (value !== undefined) found.push({ mode, value, session: await sessions.ofCookie(value) })
    }
    return found
  }
  const isOver = (session: Session): boolean => sessions.over(session, clock.now()) !== undefined

  return {
    all,
    async find(exchange) {
      const found = await all(exchange)
      return (
        found.find(({ session }) => session !== undefined && !isOver(session)) ??
        found.find(({ session }) => session !== undefined) ??
        found[0]
      )
    },
    sessionIds: async (exchange) => (await all(exchange)).flatMap(({ session }) => session?.id ?? []),
  }
}
