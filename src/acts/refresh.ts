import { isSame } from '../core/epoch.js'
import type { Grant, Under } from '../core/state.js'
import { AuthError } from '../errors.js'
import type { Verdict } from '../wire/answers.js'
import { REFRESH } from '../words.js'
import type { Context } from '../plumbing/context.js'
import { inTime } from '../wire/endpoints.js'
import { canLook, isSameSession, look } from '../wire/look.js'
import { modeOf } from '../wire/obtain.js'
import { Hold, type RefreshNeed, type RefreshOutcome } from './hold.js'
import { noneAsked } from './outstanding.js'
import { adopted, ASK_MS, HEAR_OUT_MS, RACE_PAUSE_MS, spreadOut } from './adoption.js'
import { renew } from './renewal.js'
import { pause, raced } from '../plumbing/waiting.js'

/** Whoever held the lock for so long was no client that is just being disposed of: it has waited for a server. */
const AWAITED_MS = 20
const NOTABLE_MS = 250

/** Renews the credential: one flight in this tab, and one in the browser as far as locks and channel reach. */
export class Refresher {
  readonly hold: Hold
  readonly #context: Context
  #flight: Promise<RefreshOutcome> | undefined
  #next: Promise<RefreshOutcome> | undefined
  #wanted: RefreshNeed | undefined
  #looks = false
  /** The server has named somebody else. What another tab holds is then not shown, also where no answer comes: a link for Bob opened a page of Ann's. */
  #refuted = false

  constructor(context: Context) {
    this.#context = context
    this.hold = new Hold(context)
  }

  /** Joins the flight that runs, or starts another after it, shared by all who want one meanwhile. */
  refresh(need: RefreshNeed): Promise<RefreshOutcome> {
    if (this.#flight && (need.force || need.anew)) {
      // One for all who wait, with what any of them needs.
      const insists = this.#wanted?.cause === 'app' && this.#wanted.force
      this.#wanted = { ...this.#wanted, ...need, ...(insists && { cause: 'app' }) }
      this.#next ??= this.#flight.then(() => {
        const wanted = this.#wanted ?? need
        this.#next = this.#wanted = undefined
        return this.#start(wanted)
      })
      return this.#next
    }
    return this.#flight ?? this.#start(need)
  }

  /** The flight that runs; undefined where none does, or where it only asks whom the cookie is for, which nobody has to wait for. */
  get flight(): Promise<RefreshOutcome> | undefined {
    return this.#looks ? undefined : this.#flight
  }

  #start(need: RefreshNeed): Promise<RefreshOutcome> {
    const flight = this.#fly(need)
      .catch((error: unknown): RefreshOutcome => ({ kind: 'failed', error: asAuthError(error) }))
      .finally(() => {
        if (this.#flight === flight) this.#flight = undefined
      })
    this.#flight = flight
    return flight
  }

  async #fly(need: RefreshNeed): Promise<RefreshOutcome> {
    const context = this.#context
    const against = this.hold.against(need)
    if (against) return against
    const { ports, options, disposed, life } = context
    const began = context.state.credential?.generation
    const known = need.anew ? need.had : began
    // Before the clock starts: what is measured is the wait for others.
    await context.lock.here()
    const asked = ports.clock.monotonic()
    let contended = false as boolean
    const waitMs = options.timeouts.lock + ports.chance.fraction() * 1000
    const release = await context.lock.take(waitMs, () => (contended = true))
    const { leaving } = context.lock
    let flush: (() => void) | undefined
    try {
      const waited = ports.clock.monotonic() - asked
      if (waited > NOTABLE_MS) context.note('lock.waited', { milliseconds: Math.round(waited) })
      // Without the lock the tabs can only be spread out, and the facts may be newer afterwards.
      if (!release && context.channel) await spreadOut(context)
      if (context.login) await raced(inTime(context, context.login), disposed)
      context.sync()
      // The lock may come before the news of what its last holder did. One that was free tells of nobody, however late it came.
      const lives = waited >= AWAITED_MS && (contended || !release) && context.state.phase !== 'out'
      const ask = lives ? HEAR_OUT_MS : contended ? ASK_MS : 0
      if (await adopted(context, need, known, ask)) return { kind: 'refreshed' }
      // Of a cookie session another tab knows no more than this one.
      const candidate = modeOf(context) !== 'session' && !this.#refuted && context.state.candidate
      const still = this.hold.against(need)
      // Whoever is told to wait before he has asked gets no answer: the other tab's word counts meanwhile.
      if (still && candidate) context.dispatch({ type: 'looked', under: context.state.epoch })
      if (still) return still
      if (!need.force && candidate && canLook(context)) {
        // Whom the cookie is for costs no rotation, and no lock.
        release?.()
        return (await this.#proved(candidate)) ?? this.#fly({ ...need, force: true })
      }
      // Whoever comes back from the sign-in page has a cookie that no page has sent yet.
      const running = ports.flights.get(context.name)
      const joins = running && !need.force && isSame(running.epoch, context.state.epoch)
      const others = need.explicit || joins ? undefined : noneAsked(context)
      if (others) {
        // No lock is held meanwhile, and all facts are read anew.
        release?.()
        this.#looks = true
        await raced(others, disposed).finally(() => (this.#looks = false))
        return await this.#fly({ ...need, anew: true, had: known })
      }
      // Somebody has signed out while this tab waited for the lock.
      if (life.aborted && !need.explicit) return { kind: 'ended' }
      const outcome = await this.#attempts(need, began, leaving, life)
      flush = outcome.flush
      return outcome.result
    } finally {
      release?.()
      flush?.()
    }
  }

  async #attempts(
    need: RefreshNeed,
    began: number | undefined,
    leaving: AbortSignal,
    life: AbortSignal,
  ): Promise<{ result: RefreshOutcome; flush?: (() => void) | undefined }> {
    const context = this.#context
    // Also where another tab was faster, or the session has ended meanwhile.
    const result = (): RefreshOutcome => ({ kind: context.state.credential ? 'refreshed' : 'ended' })
    let before: Verdict | undefined
    for (let attempt = 1; ; attempt++) {
      // The page was away, and somebody else may hold the lock by now.
      if (leaving.aborted) return { result: await this.#fly(need) }
      const under: Under = { epoch: context.state.epoch, generation: context.state.generation }
      const hadSession = context.state.phase !== 'out' && under.epoch[0] > 0
      const { retryAt, mandated } = context.state
      if (mandated && retryAt) this.hold.tries.note({ passed: retryAt.wall })
      const { failures, credential } = context.state
      const missed = this.hold.tries.read().unanswered > 0
      const unanswered = (failures > 0 || !credential) && missed
      if (failures > 0) this.hold.tries.note({ tried: context.instant().wall })
      const verdict = await renew(context, { ...need, keepalive: !unanswered }, under)
      if (missed && !isTimeout(verdict)) this.hold.tries.note({ unanswered: 0 })
      if (verdict.kind === 'granted') return { result: result(), flush: verdict.flush }
      // A logout has aborted the question.
      if (life.aborted && context.state.phase === 'out' && !need.explicit)
        return { result: { kind: 'ended' } }
      if (verdict.kind === 'indeterminate')
        return { result: this.hold.postpone(verdict.error, verdict.retryAfter, verdict.outstanding) }
      if (attempt === 1 && (hadSession || verdict.kind === 'raced')) {
        // The loser of a race tries once more, with the cookie that is in the jar by then. So does whoever was refused, also under the
        // lock: a page that was closed a moment ago may have a refresh under way, and no port can tell.
        before = verdict
        context.note('refresh.retry', { cause: verdict.kind })
        const { clock, chance } = context.ports
        await raced(pause(clock, (0.2 + 0.8 * chance.fraction()) * RACE_PAUSE_MS), context.disposed)
        context.sync()
        if (!isSame(context.state.epoch, under.epoch)) return { result: { kind: 'ended' } }
        if (await adopted(context, { cause: 'race' }, began, ASK_MS)) return { result: { kind: 'refreshed' } }
        continue
      }
      if (verdict.kind === 'raced') {
        const details = { status: 409, action: REFRESH, said: this.hold.said() }
        return { result: this.hold.postpone(new AuthError('server_error', details)) }
      }
      const flush = context.quietly(() => {
        // A refusal takes the cookie away, and then the second one knows of no reason.
        const { reason, status } =
          before?.kind === 'refused' && verdict.reason === 'expired' ? before : verdict
        context.note('refresh.refused', { reason, status })
        context.sync()
        context.dispatch({ type: 'refused', reason, status, under, asked: verdict.asked })
      })
      return { result: result(), flush }
    }
  }

  /** Whether the cookie is for whom another tab holds a token: undefined where it is for somebody else, or nobody can say. */
  async #proved({ identity }: Grant): Promise<RefreshOutcome | undefined> {
    const context = this.#context
    const { epoch } = context.state
    this.#looks = true
    const found = await look(context).finally(() => (this.#looks = false))
    if (found.kind === 'overtaken') return { kind: 'ended' }
    if (found.kind === 'failed') {
      context.dispatch({ type: 'looked', under: epoch })
      return this.hold.postpone(found.error, found.retryAfter)
    }
    if (found.kind !== 'user') return undefined
    this.#refuted = !isSameSession(found.identity, identity)
    if (this.#refuted) return undefined
    context.dispatch({
      type: 'looked',
      identity: { ...identity, ...found.identity, sessionId: identity.sessionId },
      under: epoch,
    })
    context.note('refresh.adopted', { cause: 'look', generation: context.state.generation })
    return { kind: 'refreshed' }
  }
}

const isTimeout = (verdict: Verdict): boolean =>
  verdict.kind === 'indeterminate' && verdict.error.code === 'timeout'

function asAuthError(error: unknown): AuthError {
  return error instanceof AuthError ? error : new AuthError('network', { cause: error })
}
