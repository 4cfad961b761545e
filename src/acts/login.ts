import { oneOf } from '../core/checks.js'
import { isSame } from '../core/epoch.js'
import { elapsed } from '../core/lifetime.js'
import type { ClientState, Grant, Under } from '../core/state.js'
import { AuthError } from '../errors.js'
import type { Context } from '../plumbing/context.js'
import type { Reply } from '../plumbing/reply.js'
import { raced, within } from '../plumbing/waiting.js'
import type { GrantVerdict } from '../wire/answers.js'
import { call, isDone, timedOut } from '../wire/endpoints.js'
import { freshCsrf } from '../wire/obtain.js'
import { LOG_IN, WRONG_CREDENTIALS } from '../words.js'
import { judgeLogin, type More, USELESS } from './login-answer.js'
import type { Logouts } from './logout.js'
import type { Refresher } from './refresh.js'
import { activated } from './start.js'

/** How long it is remembered that a session may be another one than that of the cookie: longer than people stay offline. */
const DOUBT_MS = 86_400_000

const LOGIN = { endpoint: 'login', method: 'POST' } as const

/** What may change whom the cookie is for: a sign-in, or what the application does in its place. */
export interface SignIn {
  readonly action: string
  /** How it stands in the timeline. */
  readonly cause?: string
  /** How long its answer is waited for, in milliseconds. */
  readonly patience: number
  /** Whoever is told that it failed is out: what it brings is ended then. Else the server is asked what came of it. */
  readonly undoes: boolean
  /** Never rejects, and is never called twice: whether to try again is for a person to say. */
  send(csrf: string): Promise<Reply>
  judge(reply: Reply, isLate: () => boolean): Promise<Outcome>
}

/** What came of it, where it did not fail. */
export type Outcome = GrantVerdict | More | { readonly kind: 'nobody' }

/** Signs in with credentials; the step before, where there is one, goes along as it came. */
export async function login(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
  credentials: unknown,
  before: Promise<unknown>,
): Promise<Outcome> {
  context.disposed.throwIfAborted()
  checkBody(credentials)
  return signIn(context, refresher, logouts, before, {
    action: LOG_IN,
    patience: context.options.timeouts.request,
    undoes: true,
    send: (csrf) => call(context, { ...LOGIN, body: credentials, csrf }),
    judge: (reply, isLate) => judgeLogin(context, refresher, logouts, reply, isLate),
  })
}

/** Takes the refresh lock, so that neither a refresh nor another sign-in lands in between. */
export async function signIn(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
  before: Promise<unknown>,
  act: SignIn,
): Promise<Outcome> {
  const { options, disposed } = context
  const { requests } = logouts
  await raced(activated(context), disposed)
  // A second click must not overtake the first, where there are no locks to keep them apart.
  await raced(before, disposed)
  // Nor must what a refresh finds out.
  await raced(Promise.resolve(refresher.flight), disposed)
  await raced(logouts.settle(), disposed)
  const release = await context.lock.take(options.timeouts.lock)
  let answer: Answer | undefined
  let rival: Grant | undefined
  try {
    const csrf = await raced(freshCsrf(context), disposed)
    if (!release) {
      // The wait for the lock was long enough for a logout of ours to be tried again, and for a refresh to begin.
      await raced(logouts.settle(), disposed)
      await raced(Promise.resolve(refresher.flight), disposed)
    }
    // Whoever logs out after he logged in wants to be out.
    if (logouts.requests !== requests) throw overtaken(act)
    answer = await send(context, logouts, act, csrf)
    rival = rivalIn(context, act, answer)
  } finally {
    context.login = undefined
    // What ends a session that nobody can name must not meet the cookie of whoever signs in next: it has its own deadline.
    await raced(logouts.answered(), disposed).catch(() => {})
    release?.()
    answer?.flush?.()
  }
  const { outcome } = answer
  if (outcome.kind !== 'granted') return outcome
  if (rival) await decide(context, refresher, logouts, act, rival, requests)
  context.note('login.done')
  await shown(context, act)
  return outcome
}

/** Whose it is; what it brought goes along where it is to be ended. */
type Session = Pick<Grant, 'identity'> & Partial<Grant>

interface Answer {
  readonly outcome: Outcome
  /** It has made an epoch of its own. */
  readonly committed: boolean
  /** Tells the application. */
  readonly flush?: () => void
}

/** Sends it and commits the answer, if it comes in time. */
async function send(context: Context, logouts: Logouts, act: SignIn, csrf: string): Promise<Answer> {
  const { disposed, options, ports, reactions } = context
  const { timeouts } = options
  const { action, cause, patience, undoes } = act
  context.sync()
  const under: Under = { epoch: context.state.epoch, generation: 0 }
  const isPast = () => !isSame(context.state.epoch, under.epoch)
  context.note('login.sent', { cause })
  context.sessionIds.kept()
  const { leaving } = context.lock
  let late = false
  const settled = act.send(csrf).then(async (reply): Promise<Answer> => {
    const isLate = () => late || disposed.aborted
    const outcome = await act.judge(reply, isLate)
    if (outcome.kind !== 'granted') {
      // The cookies of an answer are set even if its words mean nothing here: somebody is signed in whom nobody can show.
      const isUseless = outcome.kind === 'indeterminate' && oneOf(USELESS, outcome.error.code)
      if (undoes && isUseless && isDone(reply)) {
        context.sync()
        // Whoever waits for the lock does so no longer than this. What could take longer is begun when it is free.
        const slow = elapsed(reply.sentAt, context.instant()) > timeouts.lock - timeouts.request
        if (late || slow || leaving.aborted || isPast()) logouts.discardLate()
        else await logouts.discard()
      }
      return { outcome, committed: false }
    }
    const { grant } = outcome
    const take = () => context.dispatch({ type: 'granted', grant, under, explicit: true })
    if (isLate()) {
      if (undoes) await undo(context, logouts, grant, take)
      else reactions.repair({ type: 'repair' })
      return { outcome, committed: false }
    }
    const flush = context.quietly(() => {
      context.sync()
      take()
    })
    return { outcome, committed: isPast(), flush }
  })
  context.login = settled
  const answer = await raced(within(ports.clock, patience, settled), disposed)
  if (answer) return answer
  late = true
  const error = timedOut(context, action, LOGIN)
  return { outcome: { kind: 'indeterminate', error }, committed: false }
}

/** Who asked for it was told that it failed, so it has. */
async function undo(context: Context, logouts: Logouts, late: Session, take: () => void): Promise<void> {
  context.sync()
  const { phase, identity } = context.state
  const { subject, sessionId } = late.identity
  // He has tried again meanwhile, and this cookie lies over that of the second sign-in: to end it would sign him out.
  if (phase === 'in' && identity?.subject === subject) {
    take()
    return endIfLost(context, logouts, late)
  }
  // By the next page, if this one cannot.
  if (phase === 'out') context.dispatch({ type: 'loginLost', sessionId })
  await logouts.compensate(late)
}

/** What was granted where somebody else signed in at the same time; throws where nobody is signed in by it. */
function rivalIn(context: Context, act: SignIn, { outcome, committed }: Answer): Grant | undefined {
  if (outcome.kind === 'indeterminate') throw fail(context, outcome.error)
  if (outcome.kind !== 'granted' || (committed && isOurs(context, outcome.grant))) return undefined
  if (context.state.phase === 'out') throw fail(context, overtaken(act))
  return outcome.grant
}

/** The cookie that came last decides, and only the server knows whose it is: throws where it is not ours, or not wanted any more. */
async function decide(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
  act: SignIn,
  rival: Grant,
  requests: number,
): Promise<void> {
  // The repair may stand behind a flight that began earlier; what the application asks for after it is not waited for.
  for (let flights = 0; refresher.flight && flights < 3; flights++)
    await raced(refresher.flight, context.disposed)
  const isWanted = logouts.requests === requests
  const isFound = isInJar(context, rival)
  if (isFound && isWanted) return
  if (isWanted) void endIfLost(context, logouts, rival)
  // While this page stood still behind a logout, another tab has found the session; without its id, its token alone names it.
  else if (isFound && rival.identity.sessionId) void logouts.request('current').catch(() => {})
  else void logouts.compensate(rival)
  throw fail(context, overtaken(act))
}

/** The new identity is published when the application has cleared away what belonged to the last one. */
async function shown(context: Context, act: SignIn): Promise<void> {
  const { epoch } = context.state
  const installed = context.until(({ incoming }) => !incoming, context.options.timeouts.sessionEnd + 1000)
  await raced(installed, context.disposed)
  if (context.state.phase !== 'in' || !isSame(context.state.epoch, epoch)) throw overtaken(act)
}

function isInJar({ state }: Context, { identity }: Session): boolean {
  const shown = state.incoming?.identity ?? state.identity
  return shown?.sessionId === identity.sessionId && shown?.subject === identity.subject
}

/** Without an answer of the server the session may be the one in the jar, unless somebody logs out. */
async function endIfLost(context: Context, logouts: Logouts, rival: Session): Promise<void> {
  const isKnown = ({ phase, resyncing }: ClientState) => phase === 'out' || !resyncing
  await context.until(isKnown, DOUBT_MS)
  if (isKnown(context.state) && !isInJar(context, rival)) await logouts.compensate(rival)
}

/** Before anything is waited for: a form would arrive as `{}`, and the person would be told that the password is wrong. */
function checkBody(body: unknown): void {
  try {
    const isForm = body instanceof FormData || body instanceof URLSearchParams
    if (!isForm && (body === undefined || JSON.stringify(body) !== undefined)) return
  } catch {
    // A cycle or a bigint.
  }
  throw new TypeError(WRONG_CREDENTIALS)
}

const overtaken = ({ action }: SignIn): AuthError => new AuthError('session_changed', { action })

function isOurs({ state }: Context, grant: Grant): boolean {
  // The transition numbers a credential anew, and leaves this as it is.
  const { issued } = grant.credential
  return state.credential?.issued === issued || state.incoming?.credential.issued === issued
}

function fail(context: Context, error: AuthError): AuthError {
  context.note('login.failed', { code: error.code, status: error.status })
  return error
}
