import {
  SignJWT,
  base64url,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  type JWK,
} from 'jose'
import { unavailable } from './answers.js'
import type { AccessClaims, Random, Signer } from './ports.js'
import { digest, mac, newId, newSecret, sameText } from './secrets.js'
import type { ServerStore } from './stores/store.js'

export type SigningAlgorithm = 'ES256' | 'RS256'

interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK
  /** When the last token signed with it expires, in seconds since 1970. */
  lastExp: number
}

/** JWTs in the profile of RFC 9068. Keys are made on first use. */
export function createJwtSigner(random: Random, algorithm: SigningAlgorithm = 'ES256'): Signer {
  const keys: SigningKey[] = []
  let making: Promise<SigningKey> | undefined

  const makeKey = async (): Promise<SigningKey> => {
    const { privateKey, publicKey } = await generateKeyPair(algorithm)
    const kid = newId(random)
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' }
    const key = { kid, privateKey, publicKey, jwk, lastExp: 0 }
    keys.unshift(key)
    return key
  }
  const current = (): Promise<SigningKey> => (making ??= makeKey())
  const published = async (now: number): Promise<SigningKey[]> => {
    const signing = await current()
    return keys.filter((key) => key === signing || key.lastExp * 1000 > now)
  }

  return {
    async sign(claims) {
      const key = await current()
      key.lastExp = Math.max(key.lastExp, claims.exp)
      return new SignJWT({ ...claims })
        .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: key.kid })
        .sign(key.privateKey)
    },
    async verify(token, now) {
      try {
        // Only our own keys are looked up: a key that the token brings along proves nothing (RFC 8725 3.10).
        const { kid } = decodeProtectedHeader(token)
        const key = (now === undefined ? keys : await published(now)).find((one) => one.kid === kid)
        if (key === undefined) return undefined
        const { payload } = await jwtVerify<AccessClaims>(token, key.publicKey, {
          algorithms: [algorithm],
          typ: 'at+jwt',
          currentDate: new Date(now ?? 0),
        })
        return payload
      } catch {
        return undefined
      }
    },
    keys: async (now) => ({ keys: (await published(now)).map(({ jwk }) => jwk) }),
    async rotate() {
      await current()
      making = makeKey()
      await making
    },
  }
}

/** How long after its end a token is still known. */
const PROVES_MS = 30 * 24 * 60 * 60_000

/** Random texts that mean nothing outside this server: it looks up what they stand for. */
export function createOpaqueSigner(random: Random, store: ServerStore): Signer {
  const keyOf = (token: string): string => `token:${digest(token)}`

  return {
    async sign(claims) {
      const token = newSecret(random)
      // One that has expired still proves its session to a logout, which may come late.
      const expiresAt = claims.exp * 1000 + PROVES_MS
      await store.put(keyOf(token), JSON.stringify(claims), { expiresAt })
      return token
    },
    async verify(token, now) {
      const stored = await store.get(keyOf(token))
      if (stored === undefined) return undefined
      const claims = claimsOf(stored.value)
      return isFresh(claims, now) ? claims : undefined
    },
    keys: () => ({ keys: [] }),
    rotate: () => undefined,
  }
}

/** JWTs signed in one synchronous step with a key that everybody knows: for tests and simulators only. */
export function createDeterministicSigner(): Signer {
  const encode = (value: object): string => base64url.encode(JSON.stringify(value))
  let version = 0
  const keyOf = (kid: string): string => `not a secret ${kid}`
  return {
    sign(claims) {
      const kid = String(version)
      const text = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${encode(claims)}`
      return `${text}.${mac(keyOf(kid), text)}`
    },
    verify(token, now) {
      const [header = '', payload = '', tag = ''] = token.split('.')
      try {
        const { kid } = decodeProtectedHeader(token)
        if (!sameText(mac(keyOf(kid ?? ''), `${header}.${payload}`), tag)) return undefined
        const claims = JSON.parse(new TextDecoder().decode(base64url.decode(payload))) as AccessClaims
        return isFresh(claims, now) ? claims : undefined
      } catch {
        return undefined
      }
    },
    keys: () => ({ keys: [] }),
    rotate: () => void version++,
  }
}

/** A store that lies is down. */
function claimsOf(value: string): AccessClaims {
  try {
    const claims = JSON.parse(value) as Partial<AccessClaims> | null
    if (typeof claims?.sid === 'string' && typeof claims.exp === 'number') return claims as AccessClaims
  } catch {
    // Refused below.
  }
  throw unavailable()
}

function isFresh(claims: AccessClaims, now: number | undefined): boolean {
  return now === undefined || now < claims.exp * 1000
}
