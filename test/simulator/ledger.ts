/*
 * What really happened, as only the backend and the wire know it: which sessions there are, when and why they ended, which
 * cookie and which token belong to which. The referee compares the clients with it.
 */
import type { AccessClaims, Signer } from '../../src/server/ports.js'
import { readSession, type Session } from '../../src/server/records.js'
import { memoryStore } from '../../src/server/stores/memory.js'
import type { ServerStore } from '../../src/server/stores/store.js'
import { createMemoryUsers, type Users } from '../../src/testing/backend/users.js'
import type { Exchange } from '../../src/testing/world/network.js'

/** Every access token begins with it, so that one that leaked is found by a search for it. */
export const CANARY = 'CANARY-'

export interface SessionEnd {
  readonly id: string
  readonly at: number
  readonly code: string
  /** The request that did it; undefined where the people who run the backend did. */
  readonly by: Exchange | undefined
}

/** A write that took effect. */
export interface Effect {
  readonly by: Exchange
  /** In whose name. */
  readonly userId: string
}

export interface Ledger {
  readonly store: ServerStore
  readonly users: Users
  readonly signer: Signer
  /** The request that the backend is working on. */
  handling: Exchange | undefined
  readonly ends: readonly SessionEnd[]
  readonly effects: readonly Effect[]
  readonly exchanges: Exchange[]
  /** All sessions, in the order of their making. */
  readonly sessions: ReadonlyMap<string, Session>
  /** The logins that made the sessions. */
  readonly makers: Map<string, Exchange>
  /** The page that the token was first delivered to, by request. */
  readonly deliveries: Map<string, number>
  claims(token: string): AccessClaims | undefined
  /** The session a cookie belongs to, spent or not. */
  ofCookie(value: string | undefined): Session | undefined
  /** How often the cookie's family had been renewed when it was made. */
  generation(value: string): number
  lives(session: Session | undefined, now: number): boolean
}

export function createLedger(now: () => number, serverTime: () => number, idleMs: number): Ledger {
  const memory = memoryStore({ clock: { now: serverTime } })
  const people = createMemoryUsers()
  const tokens = new Map<string, AccessClaims>()
  const sessions = new Map<string, Session>()
  const ends: SessionEnd[] = []
  const effects: Effect[] = []

  const keep = (session: Session): void => {
    const before = sessions.get(session.id)
    if (session.ended && !before?.ended) {
      ends.push({ id: session.id, at: now(), code: session.ended.code, by: ledger.handling })
    }
    sessions.set(session.id, session)
  }

  const ledger: Ledger = {
    handling: undefined,
    ends,
    effects,
    exchanges: [],
    sessions,
    makers: new Map(),
    deliveries: new Map(),
    users: {
      ...people,
      save(user) {
        const by = ledger.handling
        if (by?.url.pathname.startsWith('/api/')) effects.push({ by, userId: user.id })
        return people.save(user)
      },
    },
    store: {
      ...memory,
      async put(key, value, options) {
        const isWritten = await memory.put(key, value, options)
        if (!isWritten || !key.startsWith('session:')) return isWritten
        const session = readSession(value)
        const isNew = !sessions.has(session.id)
        keep(session)
        if (isNew && ledger.handling) ledger.makers.set(session.id, ledger.handling)
        return isWritten
      },
    },
    signer: {
      sign(claims) {
        const token = `${CANARY}${tokens.size + 1}-${claims.jti}`
        tokens.set(token, claims)
        return token
      },
      verify(token, at) {
        const claims = tokens.get(token)
        return claims && (at === undefined || at < claims.exp * 1000) ? claims : undefined
      },
      keys: () => ({ keys: [] }),
      rotate: () => undefined,
    },
    claims: (token) => tokens.get(token),
    ofCookie: (value) => sessions.get(value?.split('.')[0] ?? ''),
    generation: (value) => Number(value.split('.')[1] ?? 0),
    lives: (session, at) =>
      session !== undefined && !session.ended && at < session.expiresAt && at - session.seenAt <= idleMs,
  }
  return ledger
}

export function bearerOf({ headers }: Exchange): string | undefined {
  return headers.get('authorization')?.replace(/^Bearer /, '')
}

export function cookieOf({ headers }: Exchange): string | undefined {
  return CREDENTIAL.exec(headers.get('cookie') ?? '')?.[1]
}

/** A cookie that proves a session, of either mode. */
export const CREDENTIAL = /__Host-(?:refresh|sid)=([^;]*)/
export const CREDENTIALS = new RegExp(CREDENTIAL, 'g')
