import {
  calculateJwkThumbprint,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
  type JWK,
} from 'jose'
import type { AccessClaims, Signer } from './ports.js'

const ALGORITHMS = ['ES256', 'RS256', 'EdDSA']
const PRIVATE = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])

export interface KeySetOptions {
  /** The private key, as a JWK with its `alg`, that signs. */
  readonly sign: JWK
  /**
   * Keys that are published and good, and do not sign: the next one, for as long as others may have cached the list without it, and the
   * last one, until its tokens have expired. Private or public. Default: none.
   */
  readonly publish?: readonly JWK[] | undefined
}

interface Key {
  readonly kid: string
  readonly alg: string
  readonly key: CryptoKey | Uint8Array
  readonly jwk: JWK
}

/**
 * Signs access tokens with keys of yours, the same in each process. To change keys: publish the next one, sign with it ten minutes later, and
 * stop publishing the last one when its tokens have expired. Each step can be a deployment.
 */
export function keySet({ sign, publish = [] }: KeySetOptions): Signer {
  for (const jwk of [sign, ...publish]) check(jwk)
  if (typeof sign.d !== 'string') {
    throw new TypeError(
      'Failed to make a key set: "sign" must be a private key, as generateKey() makes them.',
    )
  }
  const read = async (jwk: JWK): Promise<Key> => {
    const open = Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE.has(name))) as JWK
    const kid = jwk.kid ?? (await calculateJwkThumbprint(open))
    const alg = jwk.alg ?? ''
    return { kid, alg, key: await importJWK(open, alg), jwk: { ...open, kid, alg, use: 'sig' } }
  }
  let reading:
    Promise<{ readonly keys: readonly Key[]; readonly signing: CryptoKey | Uint8Array }> | undefined
  const ready = (): NonNullable<typeof reading> =>
    (reading ??= (async () => ({
      keys: await Promise.all([sign, ...publish].map(read)),
      signing: await importJWK(sign, sign.alg),
    }))())

  return {
    async sign(claims) {
      const { keys, signing } = await ready()
      return new SignJWT({ ...claims })
        .setProtectedHeader({ alg: sign.alg ?? '', typ: 'at+jwt', kid: keys[0]?.kid ?? '' })
        .sign(signing)
    },
    async verify(token, now) {
      try {
        // Only our own keys are looked up: a key that the token brings along proves nothing (RFC 8725 3.10).
        const { kid } = decodeProtectedHeader(token)
        const found = (await ready()).keys.find((one) => one.kid === kid)
        if (found === undefined) return undefined
        const { payload } = await jwtVerify<AccessClaims>(token, found.key, {
          algorithms: [found.alg],
          typ: 'at+jwt',
          currentDate: new Date(now ?? 0),
        })
        return payload
      } catch {
        return undefined
      }
    },
    keys: async () => ({ keys: (await ready()).keys.map(({ jwk }) => jwk) }),
    rotate() {
      throw new TypeError('Failed to rotate: the keys of a key set are those that it was made with.')
    },
  }
}

/** A new private key for `keySet`, as a JWK: to be made once and kept where secrets are kept. */
export async function generateKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256' }
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) }
}

function check(jwk: JWK): void {
  if (typeof jwk !== 'object' || jwk === null || !ALGORITHMS.includes(jwk.alg ?? '')) {
    throw new TypeError(
      `Failed to make a key set: each key must be a JWK whose "alg" is ${ALGORITHMS.join(', ')}.`,
    )
  }
}
