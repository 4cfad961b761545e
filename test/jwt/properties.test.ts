import { isTokenError } from 'latchkey/jwt'
import * as fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { repeatsName } from '../../src/jwt/compact.ts'
import { createKit, encode, sign } from './support.ts'

let kit: Awaited<ReturnType<typeof createKit>>
let good: string
beforeAll(async () => {
  kit = await createKit()
  good = await sign(kit.key)
})

async function isRefused(token: string): Promise<void> {
  const error: unknown = await kit.tokens.verify(token).catch((error: unknown) => error)
  expect(isTokenError(error)).toBe(true)
  // Whatever came in is not in what goes out.
  if (token.length > 12) expect(String(error)).not.toContain(token)
}

const RUNS = { numRuns: 400 }

it('R130 a good token with any letter changed, added or taken away is refused, and typed', async () => {
  const place = fc.nat(good.length - 1)
  const letter = fc.oneof(
    fc.constantFrom(...'ABCDEFabcdef0123456789-_.=+/ {}'.split('')),
    fc.string({ maxLength: 1 }),
  )
  await fc.assert(
    fc.asyncProperty(place, letter, fc.nat(1), async (at, text, taken) => {
      const token = good.slice(0, at) + text + good.slice(at + taken)
      if (token !== good) await isRefused(token)
    }),
    RUNS,
  )
})

it('R130 parts of good tokens in any order, and other headers and payloads under a good signature, are refused', async () => {
  const other = await sign(kit.key, { sub: 'eve' })
  const parts = fc.constantFrom(...good.split('.'), ...other.split('.'), '')
  const json = fc.jsonValue().map((value) => encode(JSON.stringify(value)))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(parts, json), { minLength: 1, maxLength: 5 }), async (list) => {
      const token = list.join('.')
      if (token !== good && token !== other) await isRefused(token)
    }),
    RUNS,
  )
})

it('R130 random text and random bytes are refused, and typed', async () => {
  const bytes = fc.uint8Array({ maxLength: 64 }).map((list) => Buffer.from(list).toString('base64url'))
  const dotted = fc.tuple(bytes, bytes, bytes).map((list) => list.join('.'))
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), dotted), isRefused),
    RUNS,
  )
})

it('R130 a header of any members that somebody else signs is refused, and typed', async () => {
  const header = fc.record(
    {
      alg: fc.constantFrom('ES256', 'RS256', 'EdDSA', 'none', 'HS256', ['ES256'], null),
      typ: fc.constantFrom('at+jwt', 'JWT', 'application/at+jwt'),
      kid: fc.oneof(fc.constantFrom('one', 'constructor'), fc.jsonValue()),
      crit: fc.jsonValue(),
      jwk: fc.jsonValue(),
      zip: fc.constant('DEF'),
    },
    { requiredKeys: ['alg'] },
  )
  const [, payload = '', signature = ''] = good.split('.')
  await fc.assert(
    fc.asyncProperty(header, (one) => isRefused(`${encode(JSON.stringify(one))}.${payload}.${signature}`)),
    RUNS,
  )
})

it('R130 good JSON repeats no name, and does once a member is put in again', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, name) => {
      const text = JSON.stringify({ [name]: 1, inner: value })
      expect(repeatsName(text)).toBe(false)
      expect(repeatsName(`{${JSON.stringify(name)} : null,${text.slice(1)}`)).toBe(true)
    }),
    RUNS,
  )
})
