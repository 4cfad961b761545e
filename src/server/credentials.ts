import type { Cookies } from './cookies.js'
import type { Exchange } from './exchange.js'
import type { Member } from './members.js'
import { otherThan, type Mode } from './modes.js'
import type { Found, Sessions } from './sessions.js'
import type { Settings } from './settings.js'

/** A cookie that came along, and the session that ever gave it out. */
export interface Credential {
  /** Which of the two cookies it came in. */
  readonly mode: Mode
  readonly value: string
  /** What the value says, where it is provably one of ours. */
  readonly member: Member | undefined
  readonly found: Found | undefined
}

export interface Credentials {
  /** Every one of the modes that are served, what is issued now first. */
  all(exchange: Exchange): Promise<readonly Credential[]>
  /** The one that counts: of a session that lives before any other. */
  find(exchange: Exchange, mode?: Mode): Promise<Credential | undefined>
  /** Of the sessions that came along. */
  sessionIds(exchange: Exchange): Promise<readonly string[]>
}

export function createCredentials(
  { members, modes }: Settings,
  cookies: Cookies,
  sessions: Sessions,
): Credentials {
  const all: Credentials['all'] = async (exchange) => {
    const header = exchange.header('cookie')
    const credentials: Credential[] = []
    for (const mode of [modes.issued(), otherThan(modes.issued())]) {
      for (const value of modes.serves(mode) ? cookies.credentials(mode, header) : []) {
        const member = members.read(value)
        const found = member && (await sessions.find(member.id))
        credentials.push({ mode, value, member, found })
      }
    }
    return credentials
  }

  return {
    all,
    async find(exchange, mode) {
      const credentials = (await all(exchange)).filter((one) => mode === undefined || one.mode === mode)
      return (
        credentials.find(({ found }) => found !== undefined && found.over === undefined) ??
        credentials.find(({ found }) => found !== undefined) ??
        credentials[0]
      )
    },
    sessionIds: async (exchange) => (await all(exchange)).flatMap(({ found }) => found?.session.id ?? []),
  }
}
