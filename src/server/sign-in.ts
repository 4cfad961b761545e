import { Refusal, unavailable } from './answers.js'
import type { Awaitable } from './ports.js'
import type { Device, Devices } from './devices.js'
import type { RequestContext } from './exchange.js'
import type { Settings } from './settings.js'
import { type Attempt, createThrottle, type Throttle } from './throttle.js'

const LONGEST_MS = 10 * 365 * 24 * 60 * 60_000

/** What a sign-in came with. */
export interface SignInRequest {
  /** As it was sent: nothing of it has been looked at. */
  readonly body: Readonly<Record<string, unknown>>
  readonly address: string | undefined
}

/** What is different about one sign-in. */
export interface SignInLimits {
  /**
   * Whether the sign-in outlives the browser ("remember me"). `false`: its cookie has no `Max-Age`, so it goes when the browser is closed, except where
   * the browser restores its windows, cookies included: give it shorter limits. Default: true.
   */
  readonly remember?: boolean | undefined
  /** Absolute end of this one, in ms after the sign-in. Default: `sessionMs` of the server. */
  readonly sessionMs?: number | undefined
  /** How long this one lives without activity, in ms. Default: `idleMs` of the server. */
  readonly idleMs?: number | undefined
}

export type SignInOutcome =
  | { readonly kind: 'done'; readonly userId: string; readonly limits: SignInLimits }
  | {
      readonly kind: 'refused'
      readonly code: string
      readonly status: number
      readonly counts?: boolean | undefined
    }

/** Says who it is that has proved to be somebody. Rejects where it cannot know. */
export type SignIn = (request: SignInRequest) => Awaitable<SignInOutcome>

/**
 * The sign-in is good: this is the user, and what is different about this one.
 *
 * @example
 * import { done } from 'latchkey/server'
 * const outcome = done({ id: 'ada' }, { remember: false, idleMs: 30 * 60_000 })
 *
 * @throws {TypeError} Where a limit is no whole number of ms above 0.
 */
export function done(user: { readonly id: string }, limits: SignInLimits = {}): SignInOutcome {
  for (const name of ['sessionMs', 'idleMs'] as const) {
    const value = limits[name]
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0 && value <= LONGEST_MS)) {
      throw new TypeError(
        `done(user, { ${name} }): "${name}" must be a whole number of milliseconds above 0, at most ten years.`,
      )
    }
  }
  return { kind: 'done', userId: user.id, limits }
}

/**
 * The sign-in is refused with this code. `invalid_credentials` must be the same, in like time, for an unknown user and a wrong password.
 * Any other code reaches the page as `login_refused`. Default status: 401. With `{ counts: false }` nobody has guessed wrong, as where a right password is to be
 * followed by a second factor: the throttle takes such an attempt back.
 */
export function refuse(
  code: string,
  status = 401,
  { counts = true }: { readonly counts?: boolean | undefined } = {},
): SignInOutcome {
  return { kind: 'refused', code, status, counts }
}

/** A user that the application has let in, and his generation from before it looked at his proof. */
export interface Admitted {
  readonly userId: string
  readonly limits: SignInLimits
  readonly at: { readonly generation: number; readonly now: number }
}

/** Who has been let in; a refusal otherwise. Counted by account and by address. */
export type CheckSignIn = (
  request: SignInRequest &
    Pick<RequestContext, 'hiddenBehind'> & {
      /** The browser that it comes from, where somebody has signed in there before. */
      readonly device?: Device | undefined
    },
) => Promise<Admitted>

export function createSignInCheck(
  { emit, signIn, store, throttle }: Settings,
  devices: Devices,
): CheckSignIn {
  const { perAccount, perAddress, windowMs } = throttle
  const ofAccount = createThrottle(store, 'account', perAccount, windowMs)
  const ofDevice = createThrottle(store, 'device', perAccount, windowMs)
  const ofAddress = createThrottle(store, 'address', perAddress, windowMs)
  let isHiddenSaid = false

  const ask = async (request: SignInRequest): Promise<Omit<Admitted, 'at'>> => {
    const outcome = await signIn(request)
    if (outcome.kind === 'refused') {
      throw new Refusal(outcome.status, outcome.code, { counts: outcome.counts !== false })
    }
    return outcome
  }

  /**
   * Whose sessions were ended while the application looked at his proof, for a new password say, may have shown the old one:
   * then it is asked once more. Generations are times of the store.
   */
  const admit = async (request: SignInRequest): Promise<Admitted> => {
    const since = (await store.userGeneration('nobody')).now
    const { userId, limits } = await ask(request)
    const at = await store.userGeneration(userId)
    if (at.generation >= since && (await ask(request)).userId !== userId) throw unavailable()
    return { userId, limits, at }
  }

  return async (request) => {
    // Attempts count before the hash is computed, so that many at once are no way round, and whether or not
    // the account exists, so that the throttle does not tell. Who is stopped by his address cannot lock
    // others out of their accounts.
    const attempts: Attempt[] = []
    const { address, hiddenBehind, device } = request
    if (address === undefined && hiddenBehind !== undefined && !isHiddenSaid) {
      isHiddenSaid = true
      emit({ type: 'address-unknown' })
    }
    const attempt = async (count: Throttle, key: string, isSpared = false): Promise<boolean> => {
      const made = await count(key)
      attempts.push(made)
      if (made.wait === 0) return true
      if (isSpared) return false
      throw new Refusal(429, 'too_many_attempts', { headers: { 'Retry-After': String(made.wait) } })
    }
    // Who is behind a proxy that nobody has told of has no address, rather than one with all the others.
    if (address !== undefined) await attempt(ofAddress, callerOf(address))
    let isOnlyOwner = false
    for (const account of accountsOf(request.body)) {
      if (await attempt(ofAccount, account, device !== undefined)) continue
      // Strangers have used up what the account has. In a browser that he has used before there is room for its owner, and for him alone.
      isOnlyOwner = true
      await attempt(ofDevice, `${device?.id} ${account}`)
    }
    const forgive = async (): Promise<void> => {
      for (const attempt of attempts) await attempt.forgive()
    }
    try {
      const admitted = await admit({ body: request.body, address })
      // Whoever has signed in there as himself and guesses at others hears the same whether he is right or wrong.
      if (isOnlyOwner && device !== undefined && !devices.knows(device, admitted.userId)) {
        throw new Refusal(401, 'invalid_credentials')
      }
      await forgive()
      return admitted
    } catch (error) {
      // Nobody has looked at this one, or nothing was wrong with it: an application that was down keeps nobody out when it is back.
      const isFailure = error instanceof Refusal && error.counts && error.status !== 503
      if (!isFailure) await forgive().catch(() => undefined)
      throw error
    }
  }
}

/** Whoever has an IPv6 address has all of its network: the first 64 bits are the caller. An IPv4 address may be written as one of IPv6. */
function callerOf(address: string): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').toLowerCase().split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const [first, last] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  const whole = [...first, ...Array.from({ length: zeros }, () => '0'), ...last]
  const network = whole
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
  // Of this machine, or IPv4 in other letters: no network of anybody.
  return network === '0:0:0:0' ? address : network
}

/** What the application may take for the account. */
const NAMES = ['email', 'username', 'login', 'user']

/**
 * All that may stand for the account in a sign-in, whatever the application calls it: each is counted, or one more would hide the one
 * that is asked for. What is neither text nor number has no one form to be counted by.
 */
function accountsOf(body: Readonly<Record<string, unknown>>): string[] {
  const names = NAMES.map((name) => body[name] ?? '').map((value) => {
    if (typeof value === 'string' || typeof value === 'number') return `${value}`.trim().toLowerCase()
    throw new Refusal(400, 'invalid_request', { description: 'The name of the account must be a text' })
  })
  return [...new Set(names)].filter(Boolean)
}

/** What fails in the application is no wrong password. */
export function guardSignIn(signIn: SignIn, onFault: (error: unknown) => void): SignIn {
  return async (request) => {
    try {
      const outcome = await signIn(request)
      const isDone =
        outcome?.kind === 'done' && typeof outcome.userId === 'string' && typeof outcome.limits === 'object'
      const isRefused = outcome?.kind === 'refused' && outcome.status >= 400 && outcome.status <= 599
      if (isDone || isRefused) return outcome
      throw new TypeError('signIn must give done(user) or refuse(code), with a status of 400 to 599')
    } catch (error) {
      onFault(error)
      throw unavailable()
    }
  }
}
