import { oneOf } from '../core/checks.js'
import { isSame } from '../core/epoch.js'
import { elapsed } from '../core/lifetime.js'
import type { ClientState, Grant, Under } from '../core/state.js'
import { AuthError } from '../errors.js'
import type { Context } from '../plumbing/context.js'
import { raced } from '../plumbing/waiting.js'
import type { GrantVerdict } from '../wire/answers.js'
import { call, inTime, isDone, timedOut } from '../wire/endpoints.js'
import { freshCsrf } from '../wire/obtain.js'
import { LOG_IN, WRONG_CREDENTIALS } from '../words.js'
import { judgeLogin, USELESS } from './login-answer.js'
import type { Logouts } from './logout.js'
import type { Refresher } from './refresh.js'
import { activated } from './start.js'

/** How long it is remembered that a session may be another one than that of the cookie: longer than people stay offline. */
const DOUBT_MS = 86_400_000

const LOGIN = { endpoint: 'login', method: 'POST' } as const

/**
 * Signs in with credentials. Takes the refresh lock, so that neither a refresh nor another login lands in between, and
 * is never sent twice: whether to try again is for a person to say.
 */
export async function login(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
  credentials: unknown,
  before: Promise<unknown>,
): Promise<void> {
  const { options, disposed } = context
  disposed.throwIfAborted()
  checkBody(credentials)
  const { requests } = logouts
  await raced(activated(context), disposed)
  // A second click must not overtake the first, where there are no locks to keep them apart.
  await raced(before, disposed)
  // Nor must what a refresh finds out.
  await raced(Promise.resolve(refresher.flight), disposed)
  await raced(logouts.settle(), disposed)
  const release = await context.lock.take(options.timeouts.lock)
  let flush: (() => void) | undefined
  let rival: Grant | undefined
  try {
    const csrf = await raced(freshCsrf(context), disposed)
    if (!release) {
      // The wait for the lock was long enough for a logout of ours to be tried again, and for a refresh to begin.
      await raced(logouts.settle(), disposed)
      await raced(Promise.resolve(refresher.flight), disposed)
    }
    // Whoever logs out after he logged in wants to be out.
    if (logouts.requests !== requests) throw overtaken()
    const answer = await send(context, refresher, logouts, credentials, csrf)
    flush = answer.flush
    rival = rivalIn(context, answer)
  } finally {
    context.login = undefined
    // What ends a session that nobody can name must not meet the cookie of whoever signs in next: it has its own deadline.
    await raced(logouts.answered(), disposed).catch(() => {})
    release?.()
    flush?.()
  }
  if (rival) await decide(context, refresher, logouts, rival, requests)
  context.note('login.done')
  await shown(context)
}

/** Whose it is; what it brought goes along where it is to be ended. */
type Session = Pick<Grant, 'identity'> & Partial<Grant>

interface Answer {
  readonly verdict: GrantVerdict
  /** It has made an epoch of its own. */
  readonly committed: boolean
  /** Tells the application. */
  readonly flush?: () => void
}

/** Sends the credentials and commits the answer, if it comes in time. */
async function send(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
  credentials: unknown,
  csrf: string,
): Promise<Answer> {
  const { disposed, options } = context
  const { timeouts } = options
  context.sync()
  const under: Under = { epoch: context.state.epoch, generation: 0 }
  const isPast = () => !isSame(context.state.epoch, under.epoch)
  context.note('login.sent')
  context.sessionIds.kept()
  const { leaving } = context.lock
  let late = false
  const settled = call(context, { ...LOGIN, body: credentials, csrf }).then(
    async (reply): Promise<Answer> => {
      const isLate = () => late || disposed.aborted
      const verdict = await judgeLogin(context, refresher, logouts, reply, isLate)
      if (verdict.kind !== 'granted') {
        // The cookies of an answer are set even if its words mean nothing here: somebody is signed in whom nobody can show.
        if (isDone(reply) && oneOf(USELESS, verdict.error.code)) {
          context.sync()
          // Whoever waits for the lock does so no longer than this. What could take longer is begun when it is free.
          const slow = elapsed(reply.sentAt, context.instant()) > timeouts.lock - timeouts.request
          if (late || slow || leaving.aborted || isPast()) logouts.discardLate()
          else await logouts.discard()
        }
        return { verdict, committed: false }
      }
      const { grant } = verdict
      const take = () => context.dispatch({ type: 'granted', grant, under, explicit: true })
      if (isLate()) {
        await undo(context, logouts, grant, take)
        return { verdict, committed: false }
      }
      const flush = context.quietly(() => {
        context.sync()
        take()
      })
      return { verdict, committed: isPast(), flush }
    },
  )
  context.login = settled
  const answer = await raced(inTime(context, settled), disposed)
  if (answer) return answer
  late = true
  const error = timedOut(context, LOG_IN, LOGIN)
  return { verdict: { kind: 'indeterminate', error }, committed: false }
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
function rivalIn(context: Context, { verdict, committed }: Answer): Grant | undefined {
  if (verdict.kind === 'indeterminate') throw fail(context, verdict.error)
  if (committed && isOurs(context, verdict.grant)) return undefined
  if (context.state.phase === 'out') throw fail(context, overtaken())
  return verdict.grant
}

/** The cookie that came last decides, and only the server knows whose it is: throws where it is not ours, or not wanted any more. */
async function decide(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
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
  throw fail(context, overtaken())
}

/** The new identity is published when the application has cleared away what belonged to the last one. */
async function shown(context: Context): Promise<void> {
  const { epoch } = context.state
  const installed = context.until(({ incoming }) => !incoming, context.options.timeouts.sessionEnd + 1000)
  await raced(installed, context.disposed)
  if (context.state.phase !== 'in' || !isSame(context.state.epoch, epoch)) throw overtaken()
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

const overtaken = (): AuthError => new AuthError('session_changed', { action: LOG_IN })

function isOurs({ state }: Context, grant: Grant): boolean {
  // The transition numbers a credential anew, and leaves this as it is.
  const { issued } = grant.credential
  return state.credential?.issued === issued || state.incoming?.credential.issued === issued
}

function fail(context: Context, error: AuthError): AuthError {
  context.note('login.failed', { code: error.code, status: error.status })
  return error
}
