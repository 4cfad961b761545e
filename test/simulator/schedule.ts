/*
 * A schedule: everything that happens in one simulated browser, as plain data. fast-check makes it, shrinks it and
 * prints it; stage.ts plays it. The first choice of every list is the simplest, since shrinking goes there.
 */
import * as fc from 'fast-check'
import type { Engine } from '../../src/testing/world/engine.js'
import type { NetworkProfile } from '../../src/testing/world/network.js'
import type { Fault } from '../../src/testing/backend/faults.js'
import type { CsrfOptions } from '../../src/server/options.js'
import type { SessionOptions } from '../../src/options/session.js'
import type { Mode, ServedMode } from '../../src/server/modes.js'

export type User = 'ann' | 'bob'

export type TabAct =
  | { readonly do: 'token' | 'refresh' | 'refreshNow' | 'request' | 'redirected' | 'foreign' }
  | { readonly do: 'close' | 'crash' | 'reload' | 'navigate' | 'remount' | 'activate' }
  | { readonly do: 'hide' | 'show' | 'freeze' | 'resume' | 'leave' | 'back' }
  | { readonly do: 'login'; readonly user: User; readonly password?: 'wrong' }
  /** A sign-up or another user's account by `exchange`, whose answer says who it is, or nothing. */
  | { readonly do: 'exchange'; readonly user: User; readonly says: 'who' | 'nothing' }
  | { readonly do: 'logout'; readonly scope: 'current' | 'all' }
  | { readonly do: 'write' }
  /** Signs in on a page of the server itself, of which no client hears. */
  | { readonly do: 'elsewhere'; readonly user: User }
  /** Follows a link of the server that signs in or out and leads to the application, in this tab or in a new one. */
  | { readonly do: 'link'; readonly user: User | 'nobody'; readonly opens: 'here' | 'tab' }

export type WorldAct =
  | { readonly do: 'wait' }
  | { readonly do: 'open'; readonly how: 'visible' | 'hidden' | 'prerendering' }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'offline'; readonly unnoticed: boolean }
  | { readonly do: 'online' }
  | { readonly do: 'network'; readonly profile: keyof typeof NETWORKS }
  | { readonly do: 'fault'; readonly fault: keyof typeof FAULTS; readonly times: number }
  | { readonly do: 'revoke' }
  | { readonly do: 'ban' | 'unban'; readonly user: User }
  | { readonly do: 'setClock'; readonly ms: number }
  | { readonly do: 'clearStorage' }
  /** All CSRF tokens die. */
  | { readonly do: 'csrfKey' }
  /** The user gets another role, and so another `sid`. */
  | { readonly do: 'role'; readonly user: User; readonly role: boolean }
  /** The backend serves both modes from now on, and gives this one. */
  | { readonly do: 'prefer'; readonly mode: Mode }

/** What happens, and how many milliseconds after the step before. Tabs are counted modulo those that are open. */
export type Step = { readonly after: number } & ((TabAct & { readonly tab: number }) | WorldAct)

export interface Setting {
  readonly seed: number
  readonly engine: Engine
  readonly tabs: number
  readonly locks: boolean | 'stuck'
  readonly channel: boolean
  readonly storage: boolean
  readonly shareToken: boolean
  /** Longest delays in milliseconds. */
  readonly channelDelay: number
  readonly storageDelay: number
  /** How long after a value other tabs are told of it, where that is later than they could read it. */
  readonly storageEventDelay?: number
  /** Of an access token, in seconds. */
  readonly lifetime: number
  readonly revocation: 'reference' | 'expiry'
  readonly onRace: 'redeliver' | 'refuse'
  /** Whether ann is signed in when it begins. */
  readonly signedIn: boolean
  /** What the backend serves when it begins. Without it the client knows of tokens alone, as the backend. */
  readonly mode?: ServedMode
  readonly csrf?: keyof typeof CSRF
  /** Whether the backend refuses what was meant for another session. */
  readonly tells?: boolean
  /** Whether each answer sets the `sid` again. */
  readonly rolling?: boolean
}

export interface Schedule extends Setting {
  readonly steps: readonly Step[]
}

/** Latencies stay far below the grace of the server, as the deadlines of the client do. */
export const NETWORKS = {
  calm: {},
  jittery: { latencyMs: [1, 1500] },
  slow: { latencyMs: [2000, 6000] },
  lossy: { latencyMs: [5, 400], loseRequest: 0.2, loseAnswer: 0.2, cutAnswer: 0.1, duplicate: 0.1 },
  hanging: { latencyMs: [5, 400], loseRequest: 0.2, loseAnswer: 0.2, hang: 0.7 },
} satisfies Record<string, Partial<NetworkProfile>>

export const FAULTS = {
  unavailable: { kind: 'status', status: 503 },
  limited: { kind: 'status', status: 429, retryAfter: 20 },
  forbidden: { kind: 'status', status: 403 },
  missing: { kind: 'status', status: 404 },
  html: { kind: 'html' },
  lostAnswer: { kind: 'lost-answer' },
  truncated: { kind: 'truncated-body' },
  redirect: { kind: 'redirect', location: 'https://elsewhere.example/portal' },
  raced: { kind: 'raced', on: 'refresh' },
  keyRotated: { kind: 'key-rotated' },
  refreshDown: { kind: 'status', status: 500, on: 'refresh' },
  logoutDown: { kind: 'status', status: 500, on: 'logout' },
  staleToken: { kind: 'token', lifetimeSeconds: 1 },
} satisfies Record<string, Fault>

/** How writes by cookie are protected: what the backend is told, and the client. */
export const CSRF = {
  answer: [{ delivery: ['answer'] }, {}],
  cookie: [{ delivery: ['cookie'], cookie: 'XSRF-TOKEN' }, { cookie: 'XSRF-TOKEN' }],
  endpoint: [{ delivery: ['endpoint'] }, {}],
  header: [{ token: false }, 'static-header'],
} as const satisfies Record<string, readonly [CsrfOptions, SessionOptions['csrf']]>

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const gap = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 3, arbitrary: fc.integer({ min: 61, max: 3000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 3000, max: 32_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 220_000, max: 310_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5 * MINUTE, max: 20 * MINUTE }) },
)

const tab = fc.nat({ max: 4 })
const user = fc.constantFrom<User>('ann', 'bob')

function tabAct<Name extends TabAct['do']>(...names: Name[]): fc.Arbitrary<{ do: Name; tab: number }> {
  return fc.record({ do: fc.constantFrom(...names), tab })
}

const act: fc.Arbitrary<(TabAct & { tab: number }) | WorldAct> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ do: 'wait' } as const) },
  { weight: 9, arbitrary: tabAct('token', 'request', 'token', 'request', 'refresh') },
  { weight: 2, arbitrary: tabAct('refreshNow') },
  { weight: 1, arbitrary: tabAct('redirected', 'foreign') },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('login'), tab, user }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('logout'), tab, scope: fc.constantFrom('current', 'all') }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('link'),
      tab,
      user: fc.constantFrom<User | 'nobody'>('bob', 'ann', 'nobody'),
      opens: fc.constantFrom('here', 'tab'),
    }),
  },
  { weight: 3, arbitrary: tabAct('reload', 'close', 'crash', 'navigate', 'remount', 'activate') },
  { weight: 6, arbitrary: tabAct('hide', 'show', 'freeze', 'resume', 'leave', 'back', 'resume', 'back') },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('open'),
      how: fc.constantFrom('visible', 'hidden', 'prerendering'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('sleep'), ms: fc.constantFrom(10_000, 10 * MINUTE, 5 * HOUR) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('offline'), unnoticed: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ do: 'online' } as const) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('network'), profile: oneOfKeys(NETWORKS) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fault'),
      fault: oneOfKeys(FAULTS),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.constant({ do: 'revoke' } as const),
      fc.record({ do: fc.constantFrom('ban', 'unban', 'unban'), user }),
      fc.record({
        do: fc.constant('setClock'),
        ms: fc.constantFrom(-2 * HOUR, -MINUTE, MINUTE, 30 * MINUTE),
      }),
      fc.record({ do: fc.constant('login'), tab, user, password: fc.constant('wrong') }),
      fc.constant({ do: 'clearStorage' } as const),
    ),
  },
)

/** What a backend with cookie sessions lets happen besides. */
const sessionAct: typeof act = fc.oneof(
  { weight: 40, arbitrary: act },
  { weight: 8, arbitrary: tabAct('write') },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('elsewhere'), tab, user }) },
  { weight: 1, arbitrary: fc.constant({ do: 'csrfKey' } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('role'), user, role: fc.boolean() }) },
)

/** What the application does in the place of a sign-in. */
const exchangeAct = fc.record({
  do: fc.constant('exchange'),
  tab,
  user,
  says: fc.constantFrom('who', 'nothing'),
}) as typeof act

const mixedAct: typeof act = fc.oneof(
  { weight: 12, arbitrary: sessionAct },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('prefer'), mode: fc.constantFrom<Mode>('token', 'session') }),
  },
)

const stepOf = (what: typeof act): fc.Arbitrary<Step> =>
  fc.tuple(gap, what).map(
    ([after, what]) => ({ after, ...what }),
    (value) => {
      const { after, ...what } = value as Step
      return [after, what]
    },
  )

function oneOfKeys<T extends object>(record: T): fc.Arbitrary<keyof T> {
  return fc.constantFrom(...(Object.keys(record) as (keyof T)[]))
}

/** Mostly a whole browser; sometimes one of its parts is missing, late, or broken. */
function mostly<T>(usual: T, ...rest: T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...rest) },
  )
}

export interface Bounds {
  readonly tabs: readonly [fewest: number, most: number]
  readonly steps: number
  /** Which backends; `mixed` is one that changes over. Default: token. */
  readonly mode?: 'token' | 'session' | 'mixed' | undefined
  /** The application signs up, too, and acts as somebody else. */
  readonly exchanges?: boolean | undefined
  /** What all schedules have in common. */
  readonly setting?: Partial<Setting> | undefined
}

/** Schedules of some number of tabs and steps. */
export function schedules({
  tabs: [min, max],
  steps,
  mode = 'token',
  exchanges = false,
  setting,
}: Bounds): fc.Arbitrary<Schedule> {
  const plain = { token: act, session: sessionAct, mixed: mixedAct }[mode]
  const what = exchanges
    ? fc.oneof({ weight: 12, arbitrary: plain }, { weight: 1, arbitrary: exchangeAct })
    : plain
  const all = fc.record({
    seed: fc.nat({ max: 1_000_000 }),
    engine: fc.constantFrom('chromium', 'firefox', 'webkit'),
    tabs: fc.integer({ min, max }),
    locks: mostly<boolean | 'stuck'>(true, false, 'stuck'),
    channel: mostly(true, false),
    storage: mostly(true, false),
    shareToken: mostly(true, false),
    channelDelay: fc.constantFrom(1, 1, 30),
    storageDelay: fc.constantFrom(0, 0, 60),
    lifetime: fc.constantFrom(300, 300, 60),
    revocation: fc.constantFrom('reference', 'expiry'),
    onRace: mostly('redeliver', 'refuse'),
    signedIn: mostly(true, false),
    ...(mode !== 'token' && {
      mode: mode === 'session' ? fc.constant('session') : fc.constantFrom('session', 'token', 'both'),
      csrf: oneOfKeys(CSRF),
      tells: mostly(true, false),
      rolling: fc.boolean(),
    }),
    steps: fc.array(stepOf(what), { maxLength: steps, size: 'max' }),
    // Drawn last, so that all else of a seed is as it was before there was such a thing.
    storageEventDelay: mostly(0, 60, 2000),
  }) as fc.Arbitrary<Schedule>
  return all.map((schedule) => ({ ...schedule, ...setting }))
}

/** A whole browser in which nothing fails and nobody signs in or out: tabs open, come and go, and want tokens. */
export function calmSchedules(): fc.Arbitrary<Schedule> {
  const calmAct = fc.oneof(
    tabAct('token', 'request', 'token', 'request', 'refresh'),
    tabAct('hide', 'show'),
    fc.record({ do: fc.constant('open'), how: fc.constantFrom('visible', 'hidden') }),
  )
  const calmStep = fc.tuple(gap, calmAct).map(([after, what]) => ({ after, ...what }))
  return fc
    .tuple(schedules({ tabs: [2, 5], steps: 0 }), fc.array(calmStep, { maxLength: 30, size: 'max' }))
    .map(([setting, steps]) => ({ ...setting, ...WHOLE, steps }))
}

/** Every mechanism there is, and at its best. */
export const WHOLE = {
  engine: 'chromium',
  locks: true,
  channel: true,
  storage: true,
  shareToken: true,
  channelDelay: 1,
  storageDelay: 0,
  lifetime: 300,
  revocation: 'reference',
  onRace: 'redeliver',
  signedIn: true,
} as const satisfies Partial<Setting>
