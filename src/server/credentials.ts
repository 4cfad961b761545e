import type { Cookies } from './cookies.js'
import type { Exchange } from './exchange.js'
import type { Member } from './members.js'
import { judge } from './families.js'
import { otherThan, type Mode } from './modes.js'
import { digest } from './secrets.js'
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
  /** What an app that is no browser page has sent in the place of a cookie. */
  ofBody(value: unknown): Promise<Credential | undefined>
  /** Every one of the modes that are served, what is issued now first. */
  all(exchange: Exchange): Promise<readonly Credential[]>
  /** The one that counts: of a session that lives before any other, and of those one that is not spent. */
  find(exchange: Exchange, mode?: Mode): Promise<Credential | undefined>
  /** Of the sessions that came along. */
  sessionIds(exchange: Exchange): Promise<readonly string[]>
}

export function createCredentials(settings: Settings, cookies: Cookies, sessions: Sessions): Credentials {
  const { members, modes } = settings

  const read = async (mode: Mode, value: string, isNative: boolean): Promise<Credential> => {
    const member = members.read(value)
    const found = member && (await sessions.find(member.id))
    // What was given to an app is no cookie, and no cookie is sent by one: a value in the other's place is none of ours.
    const isMeant = found === undefined || (found.session.isNative === true) === isNative
    return isMeant ? { mode, value, member, found } : { mode, value, member: undefined, found: undefined }
  }

  const all: Credentials['all'] = async (exchange) => {
    if (exchange.isNative) return []
    const header = exchange.header('cookie')
    const credentials: Credential[] = []
    for (const mode of [modes.issued(), otherThan(modes.issued())]) {
      for (const value of modes.serves(mode) ? cookies.credentials(mode, header) : []) {
        credentials.push(await read(mode, value, false))
      }
    }
    return credentials
  }

  /** Whether it is worth something: beside a spent one of the same session, which an old path of a cookie may have left, that one counts. */
  const isGood = ({ member, found }: Credential): boolean => {
    if (member === undefined || found === undefined || found.over !== undefined) return false
    const presented = { hash: digest(member.secret), generation: member.generation }
    return judge(found.session.family, presented, found.now, settings).kind !== 'reused'
  }

  return {
    all,
    ofBody: async (value) => (typeof value === 'string' ? read('token', value, true) : undefined),
    async find(exchange, mode) {
      const credentials = (await all(exchange)).filter((one) => mode === undefined || one.mode === mode)
      const living = credentials.find(({ found }) => found !== undefined && found.over === undefined)
      const idOf = ({ found }: Credential): string | undefined => found?.session.id
      return (
        (living && credentials.find((one) => idOf(one) === idOf(living) && isGood(one))) ??
        living ??
        credentials.find(({ found }) => found !== undefined) ??
        credentials[0]
      )
    },
    sessionIds: async (exchange) => (await all(exchange)).flatMap(({ found }) => found?.session.id ?? []),
  }
}
