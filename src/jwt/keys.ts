import { within } from './deadline.js'
import { TokenError } from './errors.js'
import { type KeySet, type PublicKey, readKeySet } from './key-set.js'
import type { Settings } from './options.js'
import { readText } from './read-text.js'
import type { TokenEvent } from './types.js'

/** The keys of the issuer. */
export interface Keys {
  /** By `nameOf`. Rejects with `unknown_key`, or with `keys_unreachable` where the issuer could not be asked about this one. */
  find(name: string): Promise<PublicKey>
}

export function givenKeys(document: unknown, { algorithms }: Settings): Keys {
  const known = readKeySet(document, algorithms)
  return {
    async find(name) {
      const key = known?.get(name)
      if (key === undefined) throw new TokenError('unknown_key')
      return key
    },
  }
}

const MAX_BYTES = 262_144

/** On these runtimes a request must not await what another one has begun: it may be cancelled with that one, and never settle. */
const isPerRequest = (): boolean => 'WebSocketPair' in globalThis || 'EdgeRuntime' in globalThis

/*
 * Known keys are read again when they are `maxAge` old, and when a `kid` is unknown; the latter waits out a cool-down, and so does
 * everything behind a failure: 1, 2, 4, … s up to the cool-down. While the address fails, tokens of known keys wait for nothing; a failure
 * that is long past says nothing about it any more. This is not the remote set of jose: that one refuses every token once its cache is old
 * and the address away, and asks for each of them anew.
 */
export function remoteKeys(url: string, settings: Settings, tell: (event: TokenEvent) => void): Keys {
  const { clock, algorithms, timeout } = settings
  const [maxAge, coolDown, outageLimit] = [settings.maxAge, settings.coolDown, settings.outageLimit].map(
    (seconds) => seconds * 1000,
  ) as [number, number, number]

  let known: { readonly keys: KeySet; readonly readAt: number } | undefined
  let triedAt = -Infinity
  let failedAt = -Infinity
  let failures = 0
  let flight: Promise<boolean> | undefined
  let begun = 0
  let applied = 0
  let counted = 0

  async function ask(): Promise<KeySet> {
    return within(timeout, async (signal) => {
      const init: RequestInit = {
        signal,
        redirect: 'manual',
        headers: { Accept: 'application/jwk-set+json, application/json' },
      }
      // Workers refuse members they do not know, and have neither cookies nor this cache.
      if ('credentials' in Request.prototype) Object.assign(init, { credentials: 'omit', cache: 'no-store' })
      // Called bare: as a method of the settings the fetch of a Worker is an "Illegal invocation".
      const { fetch } = settings
      const response = await fetch(url, init)
      if (response.status !== 200) throw new Error(`The address of the keys answered ${response.status}`)
      const keys = readKeySet(JSON.parse(await readText(response, MAX_BYTES)), algorithms)
      if (keys === undefined) throw new Error('The address of the keys gave no JWK set')
      return keys
    })
  }

  /** Never rejects. False where it says nothing, since the host slept through it. */
  async function read(): Promise<boolean> {
    const number = ++begun
    const startedAt = clock.now()
    try {
      const keys = await ask()
      // One that began later has been answered before.
      if (number < applied) return true
      applied = number
      // An empty list is the issuer's word, too, and no outage: what it has withdrawn counts no longer.
      known = keys.size === 0 ? undefined : { keys, readAt: startedAt }
      if (known === undefined) throw new Error('The issuer publishes no key that can be used')
      failures = 0
      triedAt = clock.now()
      tell({ type: 'keys.loaded', kids: Array.from(keys.values(), ({ kid }) => kid) })
    } catch (error) {
      // Overtaken, or one of several that failed together.
      if (number < applied || number <= counted) return true
      const now = clock.now()
      // Some hosts freeze what still runs behind an answer, and when they thaw it, what comes first is its timer.
      if (now - startedAt > (timeout + 1) * 1000) {
        failedAt = -Infinity
        return false
      }
      failures++
      counted = begun
      triedAt = failedAt = now
      tell({ type: 'keys.failed', error, retryAt: now + rest(), goodUntil: goodUntil() })
    }
    return true
  }

  function load(): Promise<boolean> {
    if (isPerRequest()) {
      // Behind the first one, which may be cancelled, unknown keys cool down while it still runs. Without keys each must ask.
      if (known !== undefined) triedAt = clock.now()
      return read()
    }
    return (flight ??= read().finally(() => (flight = undefined)))
  }

  /** How long the address is left alone after the last attempt. */
  const rest = (): number => (failures === 0 ? coolDown : Math.min(coolDown, 1000 * 2 ** (failures - 1)))

  function goodUntil(): number | undefined {
    const until = (known?.readAt ?? -Infinity) + maxAge + outageLimit
    return clock.now() < until ? until : undefined
  }

  const good = (name: string): PublicKey | undefined =>
    goodUntil() === undefined ? undefined : known?.keys.get(name)

  return {
    async find(name) {
      const now = clock.now()
      // A clock that was set back must not make old keys young, nor an attempt recent, for as long as it went back.
      if (known !== undefined && now < known.readAt) known = { ...known, readAt: now - maxAge }
      if (now < triedAt) triedAt = -Infinity
      if (now < failedAt) failedAt = -Infinity

      // Said so that a clock which once gave no number leads to a reading, and not to none for ever.
      const isOld = known === undefined || !(now - known.readAt < maxAge)
      const isAway = failures > 0 && now - failedAt < rest() + Math.min(coolDown, maxAge)
      const isRested = !(now - triedAt < rest()) || (isOld && !isAway)
      if ((isOld || good(name) === undefined) && isRested) {
        const loading = load()
        const waits = !isAway || good(name) === undefined || isPerRequest()
        if (waits && !(await loading)) await load()
      }

      const key = good(name)
      if (key !== undefined) return key
      // Keys that are too old to be good are too old to say that there is no other.
      if (failures === 0 && goodUntil() !== undefined) throw new TokenError('unknown_key')
      const wait = Math.ceil((triedAt + rest() - clock.now()) / 1000)
      throw new TokenError('keys_unreachable', { retryAfter: Math.max(1, wait) })
    },
  }
}
