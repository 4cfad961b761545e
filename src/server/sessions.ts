import { Refusal, unavailable } from './answers.js'
import type { EndedBy } from './events.js'
import { beginFamily } from './families.js'
import type { Mode } from './modes.js'
import type { Awaitable } from './ports.js'
import {
  idOfKey,
  keyOfSession,
  readSession,
  type Session,
  type SessionEnd,
  type SessionEndCode,
} from './records.js'
import { createRevocation, type Revocation } from './revocation.js'
import { digest, newId, newSecret } from './secrets.js'
import type { Settings } from './settings.js'
import type { SignInLimits } from './sign-in.js'
import type { AuthUser } from './users.js'

/** A session as it was at one moment of the store's clock. */
export interface Found {
  readonly session: Session
  readonly version: string
  readonly now: number
  /** Why it is over, undefined while it lives. */
  readonly over: SessionEndCode | undefined
}

/** What is said of a session when it begins. */
export interface Beginning {
  readonly userAgent: string
  readonly limits: SignInLimits
  readonly isNative: boolean
}

/** What a look at a session leads to. Without `next` nothing is written. */
export interface Verdict<T> {
  readonly next?: Session | undefined
  readonly value: T
}

/** Begins, finds and ends sign-ins, whatever credential they go by. */
export interface Sessions {
  readonly revocation: Revocation
  /** A new session with a new id and a new cookie; only its hash is kept. It dies with the generation that the user had at that moment. */
  begin(
    userId: string,
    at: { readonly generation: number; readonly now: number },
    how: Beginning,
  ): Promise<{ session: Session; cookie: string }>
  find(id: string): Promise<Found | undefined>
  /**
   * Judges a session and writes what comes of it, in one step: where somebody else has written meanwhile, it is read and judged anew.
   * Undefined where it is not there.
   */
  decide<T>(id: string, judge: (found: Found) => Awaitable<Verdict<T>>, found?: Found): Promise<T | undefined>
  /** Whose living session it is, or why it is none. */
  holder(found: Found): Promise<AuthUser | SessionEndCode>
  /** Whether so long has passed that activity is worth a write. */
  isDue(session: Session, now: number): boolean
  live(userId: string): Promise<readonly Session[]>
  /** Ends all but so many of a user's, the oldest first. Those that this one replaces do not count. */
  keepNewest(of: Session, most: number, replaces: readonly string[]): Promise<void>
  /** Whether all of his were ended since it was made. */
  isOutdated(session: Session): Promise<boolean>
  /** Since when it is over by what its own row says, in ms since 1970; undefined while it lives. */
  pastAt(session: Session, now: number): number | undefined
  /** Whether it was this call that ended it. */
  end(id: string, code: SessionEndCode, by: EndedBy): Promise<boolean>
  /** The refusal of one that is over. Where it ended of itself, the first one deletes the cookie that came in this mode. */
  refusal(id: string, code: SessionEndCode, mode: Mode): Promise<Refusal>
  /** All that the user has at this moment. */
  endAll(userId: string, code: SessionEndCode, by: EndedBy): Promise<void>
  /** What an `endAll` that failed half-way has left to do: ends nothing that came after it. */
  finishEndAll(userId: string, code: SessionEndCode, by: EndedBy): Promise<void>
  /** Those that were made until then, in ms since 1970. */
  endMadeUntil(userId: string, code: SessionEndCode, by: EndedBy, madeUntil: number): Promise<void>
  /** The privileges of the user changed: old tokens should die, and a `sid` is renewed. */
  renewAll(userId: string): Promise<void>
}

interface SessionEnded {
  readonly userId: string
  readonly code: SessionEndCode
  readonly by: EndedBy
}

/** How often somebody else may be faster. Who asks for the same as the winner finds it done at the second look. */
const TRIES = 10
/** A row stays this long after the absolute end, so that its cookie is told why. */
const KEPT_MS = 24 * 60 * 60_000
const SEEN_MS = 60_000
const USER_LAG_MS = 10_000

export function createSessions(settings: Settings): Sessions {
  const { emit, findUser, members, modes, random, sleep, store, sessionMs } = settings
  const idleMsOf = (session: Session): number => session.idleMs ?? settings.idleMs

  /** Why it is over by what its own row says. */
  const past = (session: Session, now: number): SessionEndCode | undefined => {
    if (session.ended !== undefined) return session.ended.code
    if (now >= session.expiresAt) return 'session_expired'
    return now - session.seenAt > idleMsOf(session) ? 'idle_timeout' : undefined
  }

  /** Since when, in ms since 1970. */
  const pastAt: Sessions['pastAt'] = (session, now) => {
    if (session.ended !== undefined) return session.ended.at
    if (past(session, now) === undefined) return undefined
    return Math.min(session.expiresAt, session.seenAt + idleMsOf(session))
  }

  const find: Sessions['find'] = async (id) => {
    const stored = await store.get(keyOfSession(id))
    if (stored === undefined) return undefined
    const { version, now } = stored
    const session = readSession(stored.value)
    const code = past(session, now)
    if (code !== undefined) return { session, version, now, over: code }
    const { generation } = await store.userGeneration(session.userId)
    const isOutdated = generation > session.userGeneration
    return { session, version, now, over: isOutdated ? 'session_revoked' : undefined }
  }

  const put = (session: Session, ifVersion?: string): Promise<boolean> =>
    store.put(keyOfSession(session.id), JSON.stringify(session), {
      ifVersion,
      expiresAt: Math.ceil(session.expiresAt) + KEPT_MS,
      userId: session.userId,
    })

  const decide = async <T>(
    id: string,
    judge: (found: Found) => Awaitable<Verdict<T>>,
    first?: Found,
  ): Promise<T | undefined> => {
    const headOf = ({ family }: Session): string => family.head.hash
    let written: { readonly head: string; readonly value: T } | undefined
    for (let tried = 0; tried < TRIES; tried++) {
      const found = tried === 0 && first !== undefined ? first : await find(id)
      if (found === undefined) return undefined
      // A store that tries again after a lost answer may say false to what it has written: a head that only this call can have made is there.
      if (written?.head === headOf(found.session) && found.over === undefined) return written.value
      const { next, value } = await judge(found)
      if (next === undefined || (await put(next, found.version))) return value
      written = headOf(next) === headOf(found.session) ? undefined : { head: headOf(next), value }
      // Those who met once should not all come back in the same moment.
      if (tried > 1) await sleep(Math.ceil(((random.bytes(1)[0] ?? 0) / 255) * 5 * 2 ** tried))
    }
    throw unavailable()
  }

  const revocation = createRevocation(settings, find)

  const endOf = (session: Session, code: SessionEndCode, now: number): SessionEnd => {
    if (session.ended !== undefined) return session.ended
    const why = past(session, now) ?? code
    const at = pastAt(session, now) ?? now
    return { at, code: why, replaced: false, leavesCookie: why === 'session_revoked' }
  }

  const end: Sessions['end'] = async (id, code, by) => {
    const replaced = by === 'sign-in'
    const written = await decide<SessionEnded | undefined>(id, async ({ session, now }) => {
      const before = endOf(session, code, now)
      // Of itself a session ends by time, by reuse or with its account; whatever else ends it is somebody's act.
      const leavesCookie = before.leavesCookie || code === 'session_revoked'
      const ended = { ...before, replaced: before.replaced || replaced, leavesCookie }
      const isDone = session.ended?.replaced === ended.replaced && session.ended.leavesCookie === leavesCookie
      if (isDone) return { value: undefined }
      const next = { ...session, ...(await revocation.outdate(session, now)), ended }
      const { userId } = session
      const isOfItself = past(session, now) !== undefined
      const value =
        session.ended === undefined
          ? { userId, code: ended.code, by: isOfItself ? ('time' as const) : by }
          : undefined
      return { next, value }
    })
    if (written === undefined) return false
    emit({ type: 'session-ended', sessionId: id, ...written })
    return true
  }

  const idsOf = async function* (userId: string): AsyncGenerator<string> {
    let cursor: string | undefined
    do {
      const page = await store.sessionsOf(userId, cursor)
      for (const key of page.keys) yield idOfKey(key)
      cursor = page.cursor
    } while (cursor !== undefined)
  }

  const endRows = async (
    userId: string,
    code: SessionEndCode,
    by: EndedBy,
    isMeant: (found: Found) => boolean,
  ): Promise<void> => {
    for await (const id of idsOf(userId)) {
      const found = await find(id)
      if (found !== undefined && isMeant(found)) await end(id, code, by)
    }
  }

  const live: Sessions['live'] = async (userId) => {
    const living: Session[] = []
    for await (const id of idsOf(userId)) {
      const found = await find(id)
      if (found !== undefined && found.over === undefined) living.push(found.session)
    }
    // Those of one moment have an order too: all processes must name the same as the oldest.
    return living.sort((one, other) => one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1))
  }

  const finishEndAll: Sessions['finishEndAll'] = async (userId, code, by) => {
    await revocation.outdateUser(userId)
    await endRows(userId, code, by, ({ over }) => over !== undefined)
  }

  return {
    revocation,
    find,
    pastAt,
    decide,
    end,
    async holder({ session, now, over }) {
      if (over !== undefined) return over
      const user = await findUser(session.userId)
      if (user !== undefined) return user.disabled === true ? 'user_disabled' : user
      // Of a user who has just signed in, a copy of the database may not know yet.
      if (now - session.createdAt < USER_LAG_MS) throw unavailable()
      return 'session_expired'
    },
    isDue: (session, now) => now - session.seenAt >= Math.min(SEEN_MS, idleMsOf(session) / 10),
    async refusal(id, code, mode) {
      const written = await decide<Partial<SessionEnded> | undefined>(id, async ({ session, now }) => {
        // Another request has renewed it since the look that led here.
        if (code === 'idle_timeout' && past(session, now) === undefined) throw unavailable()
        const ended = { ...endOf(session, code, now), leavesCookie: true }
        if (endOf(session, code, now).leavesCookie) return { value: undefined }
        if (session.ended !== undefined) return { next: { ...session, ended }, value: {} }
        const next = { ...session, ...(await revocation.outdate(session, now)), ended }
        const by = past(session, now) === undefined ? 'account' : 'time'
        return { next, value: { userId: session.userId, code: ended.code, by } }
      })
      const { userId, code: why, by } = written ?? {}
      if (userId !== undefined && why !== undefined && by !== undefined)
        emit({ type: 'session-ended', sessionId: id, userId, code: why, by })
      return new Refusal(401, code, written === undefined ? {} : { deletes: mode })
    },
    async begin(userId, { generation: userGeneration, now }, { userAgent, limits, isNative }) {
      const [id, secret] = [newId(random), newSecret(random)]
      const session: Session = {
        format: 1,
        id,
        userId,
        userGeneration,
        mode: isNative ? 'token' : modes.issued(),
        createdAt: now,
        expiresAt: now + (limits.sessionMs ?? sessionMs),
        seenAt: now,
        userAgent,
        ...(limits.idleMs !== undefined && { idleMs: limits.idleMs }),
        ...(isNative && { isNative: true as const }),
        ...(limits.remember === false && { ofBrowser: true as const }),
        family: beginFamily(digest(secret), now),
        renewal: false,
        outdated: 0,
      }
      // A store that tries again after a lost answer may say false to what it has written.
      const isThere =
        (await put(session)) || (await store.get(keyOfSession(id)))?.value === JSON.stringify(session)
      if (!isThere) throw unavailable()
      return { session, cookie: members.write({ id, generation: 0, secret }) }
    },
    live,
    async keepNewest({ userId }, most, replaces) {
      if (most === Infinity) return
      // Each sign-in looks when it is in the list itself, so whichever comes last sees all of them.
      const living = (await live(userId)).filter(({ id }) => !replaces.includes(id))
      for (const { id } of living.slice(0, -most)) await end(id, 'session_revoked', 'cap')
    },
    isOutdated: async (session) =>
      (await store.userGeneration(session.userId)).generation > session.userGeneration,
    async endAll(userId, code, by) {
      // What decides is the generation, also for a sign-in that is on its way and in no list yet. The rows say why.
      const { generation, now } = await store.userGeneration(userId)
      await store.bumpUser(userId, Math.max(generation + 1, Math.ceil(now)))
      emit({ type: 'all-ended', userId, code, by })
      await finishEndAll(userId, code, by)
    },
    finishEndAll,
    endMadeUntil: (userId, code, by, madeUntil) =>
      endRows(userId, code, by, ({ session }) => session.createdAt <= madeUntil),
    async renewAll(userId) {
      await revocation.outdateUser(userId)
      for await (const id of idsOf(userId)) {
        await decide(id, async ({ session, now, over }) => {
          if (over !== undefined) return { value: undefined }
          const renewal = session.renewal || session.mode === 'session'
          return {
            next: { ...session, ...(await revocation.outdate(session, now)), renewal },
            value: undefined,
          }
        })
      }
    },
  }
}
