import { within } from './deadline.js'
import { TokenError } from './errors.js'
import { type KeySet, type PublicKey, readKeySet } from './key-set.js'
import type { Settings } from './options.js'
import { readText } from './read-text.js'
import type { TokenEvent } from './types.js'

/** The keys of the issuer. */
export interface Keys {
  /** Rejects with `unknown_key`, or with `keys_unreachable` where the issuer could not be asked about this one. */
  find(kid: string): Promise<PublicKey>
}

export function givenKeys(document: unknown, { algorithms }: Settings): Keys {
  const known = readKeySet(document, algorithms)
  return {
    async find(kid) {
      const key = known?.get(kid)
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
 * everything behind a failure: 1, 2, 4, … s up to the cool-down. While the address fails, tokens of known keys wait for nothing. This is not
 * the remote set of jose: that one refuses every token once its cache is old and the address away, and asks for each of them anew.
 */
export function remoteKeys(url: string, settings: Settings, tell: (event: TokenEvent) => void): Keys {
  const { clock, algorithms, timeout } = settings
  const [maxAge, coolDown, outageLimit] = [settings.maxAge, settings.coolDown, settings.outageLimit].map(
    (seconds) => seconds * 1000,
  ) as [number, number, number]

  let known: { readonly keys: KeySet; readonly readAt: number } | undefined
  let triedAt = -Infinity
  let failures = 0
  let flight: Promise<void> | undefined
  let begun = 0
  let applied = 0

  async function ask(): Promise<KeySet> {
    return within(timeout, async (signal) => {
      const init: RequestInit = {
        signal,
        redirect: 'manual',
        headers: { Accept: 'application/jwk-set+json, application/json' },
      }
      // Workers refuse members they do not know, and have neither cookies nor this cache.
      if ('credentials' in Request.prototype) Object.assign(init, { credentials: 'omit', cache: 'no-store' })
      const response = await settings.fetch(url, init)
      if (response.status !== 200) throw new Error(`The address of the keys answered ${response.status}`)
      const keys = readKeySet(JSON.parse(await readText(response, MAX_BYTES)), algorithms)
      if (keys === undefined) throw new Error('The address of the keys gave no key that can be used')
      return keys
    })
  }

  /** Never rejects. */
  async function read(): Promise<void> {
    const number = ++begun
    const startedAt = clock.now()
    try {
      const keys = await ask()
      // One that began later has been answered before.
      if (number < applied) return
      applied = number
      known = { keys, readAt: startedAt }
      failures = 0
      triedAt = clock.now()
      tell({ type: 'keys.loaded', kids: [...keys.keys()] })
    } catch (error) {
      if (number < applied) return
      failures++
      triedAt = clock.now()
      tell({ type: 'keys.failed', error, retryAt: triedAt + rest(), goodUntil: goodUntil() })
    }
  }

  function load(): Promise<void> {
    if (isPerRequest()) return read()
    return (flight ??= read().finally(() => (flight = undefined)))
  }

  /** How long the address is left alone after the last attempt. */
  const rest = (): number => (failures === 0 ? coolDown : Math.min(coolDown, 1000 * 2 ** (failures - 1)))

  function goodUntil(): number | undefined {
    const until = (known?.readAt ?? -Infinity) + maxAge + outageLimit
    return clock.now() < until ? until : undefined
  }

  const good = (kid: string): PublicKey | undefined =>
    goodUntil() === undefined ? undefined : known?.keys.get(kid)

  return {
    async find(kid) {
      const now = clock.now()
      // A clock that was set back must not make old keys young, nor an attempt recent, for as long as it went back.
      if (known !== undefined && now < known.readAt) known = { ...known, readAt: now - maxAge }
      if (now < triedAt) triedAt = -Infinity

      const isOld = known === undefined || now - known.readAt >= maxAge
      const isRested = now - triedAt >= rest() || (isOld && failures === 0)
      if ((isOld || good(kid) === undefined) && isRested) {
        const isAway = failures > 0
        const loading = load()
        if (!isAway || good(kid) === undefined || isPerRequest()) await loading
      }

      const key = good(kid)
      if (key !== undefined) return key
      if (failures === 0) throw new TokenError('unknown_key')
      const wait = Math.ceil((triedAt + rest() - clock.now()) / 1000)
      throw new TokenError('keys_unreachable', { retryAfter: Math.max(1, wait) })
    },
  }
}
