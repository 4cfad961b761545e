/*
 * Clients with one fault each, and a schedule on which the fault breaks a promise that the client keeps. `npm run simulate
 * -- --mutant '<name>'` searches for one; what it finds is written here as plainly as still does it.
 */
import type { Mutation } from './mutate.js'
import type { Schedule } from './schedule.js'
import {
  elsewhere,
  fault,
  foreign,
  hide,
  link,
  login,
  logout,
  network,
  of,
  offline,
  opens,
  refreshNow,
  reload,
  remount,
  request,
  token,
  wait,
  write,
} from './steps.js'

export interface Mutant extends Mutation {
  /** The promise, by its number in DESIGN section 2. */
  readonly breaks: 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6'
  readonly schedule: Schedule
}

/** Storage that other tabs can read at once and are told of late, and nothing else to tell them. */
const TOLD_LATE = { tabs: 2, channel: false, storageEventDelay: 2000 } as const

const REFRESHING: readonly Mutant[] = [
  {
    name: 'the refresh lock is ignored',
    file: 'acts/refresh.ts',
    find: 'context.lock.take(waitMs, () => (contended = true))',
    replace: 'Promise.resolve(undefined)',
    breaks: 'P3',
    schedule: of(
      { tabs: 3 },
      ...[hide(0), hide(1), hide(2), network('slow', 1)],
      ...[token(0, 600_000), token(1, 1500), token(2, 1500), wait(5000)],
    ),
  },
  {
    name: 'the facts are not read again when the lock is granted',
    file: 'acts/refresh.ts',
    find: "if (await adopted(context, need, known, ask)) return { kind: 'refreshed' }",
    replace: '',
    breaks: 'P3',
    schedule: of(
      { tabs: 3 },
      ...[hide(0), hide(1), hide(2), token(0, 600_000), token(1), token(2), wait(5000)],
    ),
  },
  {
    name: 'a token that a sibling shares is not adopted',
    file: 'core/siblings.ts',
    find: 'if (!grant) return [state, []]',
    replace: 'if (grant || !grant) return [state, []]',
    breaks: 'P3',
    schedule: of({ tabs: 2 }, wait(300_000)),
  },
  {
    name: 'the loser of a race does not try again',
    file: 'acts/refresh.ts',
    find: "if (attempt === 1 && (hadSession || verdict.kind === 'raced')) {",
    replace: 'if (attempt === 0) {',
    breaks: 'P1',
    schedule: of(
      { seed: 0, tabs: 2, locks: false, channel: false, onRace: 'refuse' },
      ...[login(0, 61), refreshNow(0, 1)],
    ),
  },
  {
    name: 'a refresh dies with its page',
    file: 'wire/endpoints.ts',
    find: "const lasting = keepalive && endpoint !== 'login'",
    replace: "const lasting = endpoint === 'logout'",
    breaks: 'P4',
    schedule: of({ onRace: 'refuse' }, network('slow', 1), refreshNow(0, 1), reload(0, 5500), wait(60_000)),
  },
  {
    name: 'the client after a dispose does not join the refresh that runs',
    file: 'acts/renewal.ts',
    find: 'if (running && !force && isSame(running.epoch, under.epoch)) {',
    replace: 'if (running && !force && false) {',
    breaks: 'P3',
    schedule: of({}, hide(0), network('slow', 310_000), token(0), remount(0, 1000)),
  },
  {
    name: 'a dispose aborts the refresh that runs',
    file: 'wire/endpoints.ts',
    find: '...(signal && { signal }),',
    replace: 'signal: context.disposed,',
    breaks: 'P3',
    schedule: of({}, hide(0), network('slow', 310_000), token(0), remount(0, 1000)),
  },
  {
    name: 'a 5xx is taken as a refusal',
    file: 'wire/answers.ts',
    find: "if (status === 409 && code === RACED) return { kind: 'raced' }",
    replace: "if (status >= 500) return { kind: 'refused', reason: 'expired', status, asked: sentAt.wall }",
    breaks: 'P1',
    schedule: of({}, fault('unavailable', 2, 1), wait(300_000)),
  },
  {
    name: 'Retry-After is ignored',
    file: 'acts/hold.ts',
    find: 'Math.max(retryAfter, ',
    replace: 'Math.max(0, ',
    breaks: 'P3',
    schedule: of({}, fault('limited', 1, 1), wait(300_000)),
  },
  {
    name: 'there is no back-off',
    file: 'acts/hold.ts',
    find: 'const delay = Math.max(',
    replace: 'const delay = 0 * Math.max(',
    breaks: 'P3',
    schedule: of({}, fault('unavailable', 3, 1), wait(300_000)),
  },
  {
    name: 'the back-off of a sibling is ignored',
    file: 'core/siblings.ts',
    find: 'isOurs ? hold(state, register, wait, now) : state',
    replace: 'state',
    breaks: 'P3',
    schedule: of({ tabs: 2 }, fault('limited', 3, 1), wait(300_000)),
  },
  {
    name: 'a request has no deadline',
    file: 'acts/login.ts',
    find: 'within(ports.clock, patience, settled)',
    replace: 'settled',
    breaks: 'P4',
    schedule: of({}, network('hanging', 1), login(), login(0, 20_000), login(0, 20_000)),
  },
]

const SIGNING_OUT: readonly Mutant[] = [
  {
    name: 'the epoch is not checked at the commit',
    file: 'core/grants.ts',
    find: 'if (!isSame(state.epoch, under.epoch) && !stands) {',
    replace: 'if (state.epoch === undefined) {',
    breaks: 'P2',
    schedule: of({ tabs: 2 }, login(0, 1), hide(0, 1), logout(0)),
  },
  {
    name: 'what is stored is not read before a token is used',
    file: 'use/tokens.ts',
    find: 'context.sync()',
    replace: '',
    breaks: 'P2',
    schedule: of(TOLD_LATE, token(1, 5000), logout(0, 1), request(1, 10)),
  },
  {
    name: 'no row remembers a logout that is still to be delivered',
    file: 'plumbing/stored.ts',
    find: 'debt ? serializeDebt(debt) : null)',
    replace: 'debt ? null : null)',
    breaks: 'P2',
    schedule: of({}, offline(1), logout(0), reload(0, 1)),
  },
  {
    name: 'a page that starts does not see what is still to be ended',
    file: 'core/owing.ts',
    find: 'debts = withDebt(debts, row)',
    replace: 'debts = [...debts]',
    breaks: 'P2',
    schedule: of({}, offline(1), logout(0), reload(0, 1)),
  },
  {
    name: 'a logout says neither by its id nor by its token which session it ends',
    file: 'acts/ending.ts',
    find: 'body, token: bearer, csrf })',
    replace: 'body: { scope }, csrf })',
    breaks: 'P1',
    schedule: of({ tabs: 2, storage: false }, opens(), login(0), logout(1)),
  },
  {
    name: 'a session that comes to life behind a logout is left alive',
    file: 'core/grants.ts',
    find: "if (wanted && state.phase === 'out') return revoke(state, grant, explicit, now)",
    replace: "if (state.phase === 'out') return [state, []]",
    breaks: 'P2',
    schedule: of({ tabs: 2, channel: false }, login(1, 61), logout(0), refreshNow(0, 61), logout(0)),
  },
  {
    name: 'a logout does not reject the login before it that waits',
    file: 'acts/login.ts',
    find: 'if (logouts.requests !== requests) throw overtaken(act)',
    replace: '',
    breaks: 'P2',
    schedule: of({}, logout(0, 1), login(), logout(0, 1)),
  },
]

const SIGNING_IN: readonly Mutant[] = [
  {
    name: 'a login is not ordered by the lock',
    file: 'acts/login.ts',
    find: 'context.lock.take(options.timeouts.lock)',
    replace: 'Promise.resolve(undefined)',
    breaks: 'P1',
    schedule: of(
      { seed: 0, tabs: 2 },
      ...[network('slow', 1), refreshNow(1, 1), network('calm', 3000), login(0, 1)],
    ),
  },
  {
    name: 'a sign-in elsewhere does not resynchronise',
    file: 'runtime.ts',
    find: "void refresher.refresh({ cause: 'resync', anew: true, had: context.state.credential?.generation })",
    replace: '',
    breaks: 'P4',
    schedule: of({ tabs: 2, signedIn: false, channel: false }, login(0, 1), wait(100_000)),
  },
  {
    name: 'another user is adopted in silence',
    file: 'core/grants.ts',
    find: 'if (identity && identity.subject !== grant.identity.subject) {',
    replace: 'if (identity === null) {',
    breaks: 'P6',
    schedule: of({}, login(0, 1, 'bob')),
  },
  {
    name: 'what waits for the old identity goes on for the new one',
    file: 'plumbing/context.ts',
    find: 'return life.abort(new AuthError(',
    replace: 'return void (life, new AuthError(',
    breaks: 'P6',
    schedule: of(
      { tabs: 2, locks: false },
      ...[hide(0), hide(1), network('slow', 310_000), request(0), network('calm', 300)],
      ...[login(1, 1, 'bob'), wait(20_000)],
    ),
  },
]

const STARTING: readonly Mutant[] = [
  {
    name: 'a page that starts takes what another tab holds, and asks nobody whose the cookie is',
    file: 'core/siblings.ts',
    find: 'if (since !== undefined && credential.issued.wall < since)',
    replace: 'if (since === 0)',
    breaks: 'P2',
    schedule: of({}, opens(3000)),
  },
  {
    name: 'whom the server has not named is shown when it gives no answer later',
    file: 'acts/refresh.ts',
    find: '&& !this.#refuted && context.state.candidate',
    replace: '&& context.state.candidate',
    breaks: 'P2',
    schedule: of(
      { tabs: 2, locks: false, storageEventDelay: 60 },
      ...[fault('refreshDown', 2, 1), link(0, 1, 'bob'), wait(10_000)],
    ),
  },
  {
    name: 'where nobody is signed in, a start does not ask whether a link of the server has changed that',
    file: 'acts/start.ts',
    find: "if (phase !== 'in' && !acted && isAsking(context)) return visit()",
    replace: '',
    breaks: 'P1',
    schedule: of({ tabs: 2, signedIn: false }, link(0, 3000, 'bob')),
  },
]

const SENDING: readonly Mutant[] = [
  {
    name: 'a token that a sibling shares is taken without a look at the epoch',
    file: 'core/siblings.ts',
    find: 'if (!isOurs) return said ? answer',
    replace: 'if (!isOurs && !grant) return said ? answer',
    breaks: 'P2',
    schedule: of(
      { seed: 2, tabs: 3, channelDelay: 500 },
      ...[refreshNow(2, 3000), logout(0, 100), login(0, 1, 'bob'), request(1, 5000)],
    ),
  },
  {
    name: 'a 401 is answered with the same token',
    file: 'use/tokens.ts',
    find: 'const known = credential === rejected ? undefined : credential',
    replace: 'const known = credential',
    breaks: 'P4',
    schedule: of({ tabs: 2 }, { after: 1, do: 'ban', user: 'ann' }, request(0, 61)),
  },
  {
    name: 'any origin may receive the credential',
    file: 'wire/destinations.ts',
    find: 'return isHome || origin === baseUrl(context)?.origin || options.allowedOrigins.includes(origin)',
    replace: 'return true',
    breaks: 'P5',
    schedule: of({}, foreign(0, 1)),
  },
  {
    name: 'a token goes over the channel although sharing is off',
    file: 'plumbing/context.ts',
    find: 'const tokenMayTravel = channel.memoryOnly && this.options.shareToken',
    replace: 'const tokenMayTravel = true',
    breaks: 'P5',
    schedule: of({ shareToken: false }),
  },
]

const SESSION = { mode: 'session', csrf: 'answer', tells: true } as const

/** Where a cookie is the credential. */
const BY_COOKIE: readonly Mutant[] = [
  {
    name: 'a write does not look whether somebody else has signed in',
    file: 'wire/csrf.ts',
    find: 'csrfToken(context, undefined) !== credential.token',
    replace: 'credential.token === undefined',
    breaks: 'P6',
    schedule: of({ ...SESSION, csrf: 'cookie', tells: false }, elsewhere(0, 1, 'bob')),
  },
  {
    name: 'a write that has waited does not look again whether somebody else has signed in',
    file: 'use/tokens.ts',
    find: 'renewed !== rejected && (round > 0 || asked || !isForeign(renewed))',
    replace: 'renewed !== rejected && !(asked && isForeign(undefined))',
    breaks: 'P6',
    schedule: of(
      { ...SESSION, seed: 233_829, tabs: 2, mode: 'token', csrf: 'cookie', tells: false },
      ...[request(0, 61), { after: 0, do: 'prefer', mode: 'session' } as const],
      ...[write(0, 112), write(0, 254_507), elsewhere(0, 0, 'bob')],
    ),
  },
  {
    name: 'a write that waits for the old identity is replayed for the new one',
    file: 'plumbing/context.ts',
    find: 'return life.abort(new AuthError(',
    replace: 'return void (life, new AuthError(',
    breaks: 'P6',
    schedule: of({ ...SESSION, seed: 668_092, storage: false }, write(), login(0, 1, 'bob')),
  },
  {
    name: 'a cookie session of an older epoch is taken',
    file: 'core/grants.ts',
    find: 'if (!isSame(state.epoch, under.epoch) && !stands) {',
    replace: "if (!isSame(state.epoch, under.epoch) && !stands && grant.credential.mode === 'token') {",
    breaks: 'P2',
    schedule: of(SESSION, login(0, 1), logout(0, 1)),
  },
  {
    name: 'a logout does not abort what runs',
    file: 'use/requests.ts',
    find: '[context.life, rest.signal === undefined',
    replace: '[undefined, rest.signal === undefined',
    breaks: 'P2',
    schedule: of(
      { ...SESSION, seed: 6, locks: false, storage: false, rolling: true },
      write(0, 1),
      logout(0, 16),
    ),
  },
  {
    name: 'a sign-in lets requests of the session before go on',
    file: 'core/grants.ts',
    find: 'const abandons = strangers || (explicit && isReplaced(state, sessionId))',
    replace: 'const abandons = strangers',
    breaks: 'P1',
    schedule: of(
      { ...SESSION, rolling: true },
      ...[network('jittery', 1), write(), write(), write(), login(0, 500), network('calm', 1)],
    ),
  },
  {
    name: 'another session of the same user is told to nobody',
    file: 'core/grants.ts',
    find: 'const unheard = state.sessionId && sessionId && state.sessionId !== sessionId',
    replace: 'const unheard = false',
    breaks: 'P2',
    schedule: of(
      { ...SESSION, tabs: 3, storageDelay: 60 },
      ...[refreshNow(0, 1), login(0, 0, 'bob'), opens()],
      ...[login(3, 1, 'bob'), reload(3, 220_000), logout(0, 1)],
    ),
  },
]

export const MUTANTS: readonly Mutant[] = [
  ...REFRESHING,
  ...SIGNING_OUT,
  ...SIGNING_IN,
  ...STARTING,
  ...SENDING,
  ...BY_COOKIE,
]
