import { type CryptoKey, importJWK, type JWK } from 'jose'
import type { TokenAlgorithm } from './types.js'

/** What a key of each algorithm is. */
export const ALGORITHMS: Record<TokenAlgorithm, { readonly kty: string; readonly crv?: string }> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
}

export interface PublicKey {
  readonly kid: string
  import(): Promise<CryptoKey>
}

/** The usable keys of an issuer. */
export type KeySet = ReadonlyMap<string, PublicKey>

/** EdDSA, as it was called before RFC 9864 told its curves apart, is Ed25519 here. */
const canonical = <Name>(alg: Name): Name | 'Ed25519' => (alg === 'EdDSA' ? 'Ed25519' : alg)

/** What a key goes by: one `kid` may stand for a key of each algorithm (RFC 7517, 4.5), and each key has one. */
export const nameOf = (kid: string, alg: TokenAlgorithm): string => `${canonical(alg)} ${kid}`

const MAX_KEYS = 100

/** Reads a JWK set; undefined where it is none. It is empty where the issuer publishes no key that could be used. */
export function readKeySet(document: unknown, algorithms: readonly TokenAlgorithm[]): KeySet | undefined {
  const list = (document as { keys?: unknown } | null | undefined)?.keys
  if (!Array.isArray(list) || list.length > MAX_KEYS) return undefined
  const keys = new Map<string, PublicKey>()
  for (const given of list as readonly unknown[]) {
    const jwk = Object.fromEntries(
      Object.entries(given ?? {}).filter(([, value]) => value !== null),
    ) as unknown as JWK
    const alg = algorithmOf(jwk, algorithms)
    const kid: unknown = jwk.kid
    if (alg === undefined || typeof kid !== 'string' || kid === '') continue
    const name = nameOf(kid, alg)
    if (!keys.has(name)) keys.set(name, publicKey(jwk, alg))
  }
  const isSet = list.every((jwk) => typeof jwk?.kty === 'string')
  return isSet || keys.size > 0 ? keys : undefined
}

/** What its `alg` says, and without one the first allowed algorithm it fits; undefined where it verifies no token here. */
function algorithmOf(jwk: JWK, algorithms: readonly TokenAlgorithm[]): TokenAlgorithm | undefined {
  const { alg, kty, crv, use, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') return undefined
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined
  // With a private half that is published anybody can sign.
  if (jwk.d !== undefined || jwk.k !== undefined) return undefined
  return algorithms.find((name) => {
    const kind = ALGORITHMS[name]
    return (
      (alg === undefined || canonical(alg) === canonical(name)) &&
      kind.kty === kty &&
      (kind.crv ?? crv) === crv
    )
  })
}

function publicKey({ kid, kty, crv, x, y, n, e }: JWK, alg: TokenAlgorithm): PublicKey {
  const members = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined)
  const jwk = Object.fromEntries(members) as unknown as JWK
  let imported: CryptoKey | undefined
  return {
    kid: kid!,
    // The key is kept and not the promise: on some edge runtimes no request may await what another one has begun.
    import: async () => (imported ??= (await importJWK(jwk, alg)) as CryptoKey),
  }
}
