/*
 * What really happened, as only the backend and the wire know it: which sessions there are, when and why they ended, which
 * cookie and which token belong to which. The referee compares the clients with it.
 */
import type { AccessClaims, Signer } from '../../src/server/ports.js'
import { digest } from '../../src/server/secrets.js'
import type { Session, Store } from '../../src/server/store.js'
import { createMemoryStore } from '../../src/server/store.js'
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
  readonly store: Store
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

export function createLedger(now: () => number, idleMs: number): Ledger {
  const memory = createMemoryStore()
  const tokens = new Map<string, AccessClaims>()
  const sessions = new Map<string, Session>()
  const byCookie = new Map<string, { readonly id: string; readonly generation: number }>()
  const ends: SessionEnd[] = []
  const effects: Effect[] = []

  const keep = (session: Session): void => {
    const before = sessions.get(session.id)
    if (session.ended && !before?.ended) {
      ends.push({ id: session.id, at: now(), code: session.ended.code, by: ledger.handling })
    }
    sessions.set(session.id, session)
    byCookie.set(session.family.head.hash, { id: session.id, generation: session.family.head.generation })
  }

  const ledger: Ledger = {
    handling: undefined,
    ends,
    effects,
    exchanges: [],
    sessions,
    makers: new Map(),
    deliveries: new Map(),
    store: {
      ...memory,
      saveUser(user) {
        const by = ledger.handling
        if (by?.url.pathname.startsWith('/api/')) effects.push({ by, userId: user.id })
        return memory.saveUser(user)
      },
      saveSession(session) {
        keep(session)
        if (ledger.handling) ledger.makers.set(session.id, ledger.handling)
        return memory.saveSession(session)
      },
      async updateSession(id, change) {
        const next = await memory.updateSession(id, change)
        if (next) keep(next)
        return next
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
    ofCookie: (value) =>
      value === undefined ? undefined : sessions.get(byCookie.get(digest(value))?.id ?? ''),
    generation: (value) => byCookie.get(digest(value))?.generation ?? 0,
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
