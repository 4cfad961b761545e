import { ALGORITHMS, readKeySet } from './key-set.js'
import type { TokenAlgorithm, TokenVerifierOptions } from './types.js'

type Given = Omit<TokenVerifierOptions, 'audience' | 'jwks' | 'isRevoked'>

/** Every option with the value it has after all. */
export interface Settings extends Required<{
  readonly [Name in keyof Given]: Exclude<Given[Name], undefined>
}> {
  readonly audience: readonly string[]
  readonly jwks: string | { readonly keys: readonly object[] }
  readonly isRevoked: TokenVerifierOptions['isRevoked']
}

const KNOWN: Record<keyof TokenVerifierOptions, true> = {
  issuer: true,
  audience: true,
  jwks: true,
  algorithms: true,
  clockTolerance: true,
  maxAge: true,
  coolDown: true,
  outageLimit: true,
  timeout: true,
  isRevoked: true,
  proofCheckedElsewhere: true,
  fetch: true,
  clock: true,
  onEvent: true,
}

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isFunction = (value: unknown): boolean => typeof value === 'function'
const isList = (value: unknown, of: (one: unknown) => boolean): value is readonly unknown[] =>
  Array.isArray(value) && value.length > 0 && value.every(of)

/** An object of options, with its own members alone; a name that is not among the known ones is a mistake. */
export function own(act: string, given: unknown, known: object): Record<string, unknown> {
  if (!isObject(given)) throw new TypeError(`Failed to ${act}: hand in an object of options.`)
  const stranger = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (stranger === undefined) return { __proto__: null, ...given }
  const names = Object.keys(known).join(', ')
  throw new TypeError(`Failed to ${act}: there is no option "${stranger}". There are: ${names}.`)
}

/** The address as it is asked, or undefined where anybody in between could put keys of his own into the answer. */
function secureUrl(value: unknown): string | undefined {
  if (!(isText(value) || value instanceof URL) || !URL.canParse(value)) return undefined
  const url = new URL(value)
  if (url.username !== '' || url.password !== '') return undefined
  const isLoopback = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback) ? url.href : undefined
}

const CREATE = 'create the token verifier'

function check(valid: boolean, option: keyof TokenVerifierOptions, expected: string): asserts valid {
  if (!valid) throw new TypeError(`Failed to ${CREATE}: "${option}" must be ${expected}.`)
}

/** Throws where an option is wrong, and names it; an explicit undefined means the default. */
export function resolve(given: TokenVerifierOptions): Settings {
  const options = own(CREATE, given, KNOWN)
  const seconds = (name: keyof TokenVerifierOptions, fallback: number, least: number, most = Infinity) => {
    const value = options[name] ?? fallback
    const range = most === Infinity ? `${least} or more` : `from ${least} to ${most}`
    const valid = Number.isFinite(value) && (value as number) >= least && (value as number) <= most
    check(valid, name, `a number of seconds, ${range}`)
    return value as number
  }
  const optional = (name: 'isRevoked' | 'fetch' | 'onEvent'): void =>
    check(options[name] === undefined || isFunction(options[name]), name, 'a function')

  const { issuer, jwks } = options
  check(isText(issuer), 'issuer', 'what stands in "iss", such as "https://auth.example.com"')

  const audience = isText(options['audience']) ? [options['audience']] : options['audience']
  check(isList(audience, isText), 'audience', 'what stands in "aud", such as "https://api.example.com"')

  const algorithms = options['algorithms'] ?? ['RS256', 'ES256', 'EdDSA']
  const known = Object.keys(ALGORITHMS)
  check(
    isList(algorithms, (one) => known.includes(one as string)),
    'algorithms',
    `a list of ${known.join(', ')}; those of a shared secret and "none" are never allowed`,
  )

  const keys = secureUrl(jwks) ?? jwks
  check(
    secureUrl(jwks) !== undefined || !!readKeySet(keys, algorithms as TokenAlgorithm[])?.size,
    'jwks',
    'an https address (http on a loopback host), or { keys: […] } with a public key of an allowed algorithm, its "kid" included',
  )

  const clock = options['clock'] ?? { now: () => Date.now() }
  check(isObject(clock) && isFunction((clock as { now?: unknown }).now), 'clock', 'an object with now()')
  for (const name of ['isRevoked', 'fetch', 'onEvent'] as const) optional(name)

  const proofCheckedElsewhere = options['proofCheckedElsewhere'] ?? false
  check(typeof proofCheckedElsewhere === 'boolean', 'proofCheckedElsewhere', 'true or false')

  const maxAge = seconds('maxAge', 600, 1)
  const outageLimit = seconds('outageLimit', 86_400, 0)
  const timeout = seconds('timeout', 3, 0.001, 60)
  check(
    maxAge + outageLimit >= timeout,
    'maxAge',
    'such that with "outageLimit" it is no shorter than "timeout", or keys would be too old on arrival: raise it, or lower "timeout"',
  )

  return {
    isRevoked: undefined,
    // Late, so that it is the fetch of this moment, called as the function of the global object that it is.
    fetch: (url, init) => globalThis.fetch(url, init),
    onEvent: () => {},
    ...defined(options),
    issuer,
    audience: [...audience],
    jwks: keys,
    algorithms: [...algorithms],
    clock,
    clockTolerance: seconds('clockTolerance', 30, 0, 300),
    maxAge,
    coolDown: seconds('coolDown', 30, 1),
    outageLimit,
    timeout,
    proofCheckedElsewhere,
  } as Settings
}

const defined = (options: object): object =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
