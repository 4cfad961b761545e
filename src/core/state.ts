import type { Debt } from './debts.js'
import { NO_EPOCH } from './epoch.js'
import type { Credential, Instant } from './lifetime.js'
import type { News, Wait } from './news.js'
import type { Register } from './register.js'
import type { Connection, Epoch, EndReason, LogoutScope, Mode } from './types.js'

export interface Identity {
  /** The subject: who it is. Nothing else decides whether two identities are the same. */
  readonly subject: string
  readonly sessionId: string | undefined
  /** As the server sent it: what siblings get, who parse it for themselves. */
  readonly rawUser: unknown
  readonly user: unknown
}

/** What a login or a refresh brought. */
export interface Grant {
  readonly identity: Identity
  readonly credential: Credential
}

/** What a request of ours was sent under: an answer may change only what is still the same. */
export interface Under {
  readonly epoch: Epoch
  readonly generation: number
}

export interface ClientState {
  readonly epoch: Epoch
  /** The epoch before it, where nobody signed out in between. */
  readonly follows: Epoch | undefined
  readonly phase: 'unknown' | 'in' | 'out'
  /** The start asks the server although the register says that nobody is signed in: not known until it has answered. */
  readonly asking: boolean
  readonly reason: EndReason | 'none'
  /** While nobody is signed in: the epoch of the last logout, here or in another tab; undefined where nobody wanted that. */
  readonly loggedOut: Epoch | undefined
  /** How the backend lets this browser act for a user, as the last sign-in or renewal showed; it outlives the session. */
  readonly mode: Mode | undefined
  /** Of the identity, or of the register while the identity is unknown. */
  readonly sessionId: string | undefined
  readonly identity: Identity | undefined
  readonly credential: Credential | undefined
  /** Number of the newest credential of this epoch that is known to exist, here or in another tab. */
  readonly generation: number
  /** This page has no proof yet of whom the cookie is for: an answer proves it that was asked for at this time or later, by the wall clock. */
  readonly since: number | undefined
  /** What another tab holds, asked for before then. Not shown until the server has said whose the cookie is, or gives no answer. */
  readonly candidate: Grant | undefined
  /** Another tab made this epoch, and what it means for us is not learned yet. */
  readonly resyncing: boolean
  /** Whoever was here may have signed out unheard, and is not shown until it is known who is signed in now. */
  readonly doubtful: boolean
  /** The application is still clearing away what belonged to the last identity. */
  readonly purging: boolean
  /** Waits for that. */
  readonly incoming: Grant | undefined
  /** What the server has still to end, as far as this tab knows, the oldest first. */
  readonly debts: readonly Debt[]
  /** Sessions that somebody logged out of, the last few: until somebody signs in, news of them are late. */
  readonly over: readonly string[]
  readonly connection: Connection
  readonly failures: number
  /** No refresh before both clocks have passed it; either is enough. */
  readonly retryAt: Instant | undefined
  /** The server asked for that wait, so that nothing shortens it. */
  readonly mandated: boolean
  /** When this tab, or one that told it, has tried in vain last, by the wall clock. */
  readonly triedAt: number
  /** When the last tokens came that were stale at birth or replaced one in its youth, by the monotonic clock. */
  readonly early: readonly number[]
}

/** What the transition may know of the world: both clocks, chance, and an id nobody has used. */
export interface Moment extends Instant {
  readonly fraction: number
  readonly id: string
}

export type ClientEvent =
  | { readonly type: 'started'; readonly register: Register | undefined }
  /** The start asks nobody: the policy or the hint says that nobody is signed in. */
  | { readonly type: 'skipped' }
  | { readonly type: 'asking'; readonly done: boolean }
  /** What another tab knows. */
  | {
      readonly type: 'heard'
      readonly register: Register
      /** Over the channel, rather than by what is stored. */
      readonly said: boolean
      /** What was stored when this tab looked last. */
      readonly before?: Register | undefined
      readonly grant?: Grant | undefined
      readonly wait?: Wait | undefined
    }
  /** What stands in the storage of that is still to be ended. */
  | { readonly type: 'debtsSeen'; readonly rows: readonly Debt[] }
  /** `explicit`: somebody signed in on purpose, rather than a session being renewed. */
  | {
      readonly type: 'granted'
      readonly grant: Grant
      readonly under: Under
      readonly explicit: boolean
      /** It came after its deadline: others have asked meanwhile, and its cookie lies over theirs. */
      readonly late?: boolean
      /** The application asked for it: that it came early says nothing about the server. */
      readonly wished?: boolean | undefined
      /** A start found it where storage knew of nobody: another session than those that are still to be ended is a sign-in. */
      readonly found?: boolean | undefined
    }
  /** The page comes back, and the cookie may be for somebody else by now. */
  | { readonly type: 'returned' }
  /** The server said whose the cookie is, in the words of the candidate; without an identity it gave no answer. */
  | { readonly type: 'looked'; readonly identity?: Identity; readonly under: Epoch }
  | {
      readonly type: 'refused'
      readonly reason: EndReason
      readonly status: number
      readonly under: Under
      /** When the server was asked, by the wall clock. */
      readonly asked: number
    }
  | {
      readonly type: 'indeterminate'
      readonly offline: boolean
      /** In milliseconds from now, already capped. */
      readonly delay: number
      /** The server asked for it. */
      readonly mandated: boolean
      /** Its answer is late, and may still come. */
      readonly outstanding?: boolean
    }
  /** Forget our own back-off: the network is back. */
  | { readonly type: 'retryNow' }
  /** The browser says that there is no network. */
  | { readonly type: 'disconnected' }
  | { readonly type: 'logoutRequested'; readonly scope: LogoutScope }
  | { readonly type: 'logoutConfirmed'; readonly epoch: Epoch; readonly sessionId: string }
  /** A login made a session that nobody takes: it came too late, or, without its id, nobody could read the answer. */
  | { readonly type: 'loginLost'; readonly sessionId?: string | undefined }
  | { readonly type: 'purged' }

export type Effect =
  | { readonly type: 'writeRegister'; readonly register: Register }
  /** A row of the storage: none where the session is ended, or is given up as expired. */
  | {
      readonly type: 'writeDebt'
      readonly sessionId: string
      readonly debt?: Debt
      readonly expired?: boolean
    }
  | { readonly type: 'post'; readonly news: News }
  /** Reject what waits and abort what runs for the identity that was. */
  | { readonly type: 'abandon'; readonly reason: EndReason | 'none' }
  /** Tell the application, then report `purged`. */
  | {
      readonly type: 'end'
      readonly reason: EndReason
      readonly status: number | undefined
      readonly previous: Identity | undefined
    }
  | { readonly type: 'switched'; readonly from: Identity; readonly to: Identity }
  | { readonly type: 'claimsChanged'; readonly previous: Identity; readonly current: Identity }
  /** The server made a session that nobody wants any more. */
  | { readonly type: 'revoke'; readonly grant: Grant }
  /** Another tab logged out and has still to deliver it: do so if that one is gone. */
  | { readonly type: 'pending' }
  /** Learn who is signed in now: ask the other tabs, then the server. */
  | { readonly type: 'resync' }
  /** A late answer may have put an old cookie back: refresh once more. */
  | { readonly type: 'repair' }

export type Transition = readonly [state: ClientState, effects: readonly Effect[]]

const CALM = { connection: 'ok', failures: 0, retryAt: undefined, mandated: false, triedAt: 0 } as const

/** What a client knows before it has begun. */
export const INITIAL: ClientState = {
  ...CALM,
  epoch: NO_EPOCH,
  follows: undefined,
  phase: 'unknown',
  asking: false,
  reason: 'none',
  loggedOut: undefined,
  mode: undefined,
  sessionId: undefined,
  identity: undefined,
  credential: undefined,
  generation: 0,
  since: undefined,
  candidate: undefined,
  resyncing: false,
  doubtful: false,
  purging: false,
  over: [],
  incoming: undefined,
  debts: [],
  early: [],
}

export const calm = (state: ClientState): ClientState => ({ ...state, ...CALM })
