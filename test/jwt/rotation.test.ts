/* Keys are published, then sign, then retire: three processes that issue, and verifiers whose caches are warm. */
import { createTokenVerifier } from 'latchkey/jwt'
import { beforeAll, expect, it } from 'vitest'
import { createTestBackend, login } from '../server/support.ts'
import {
  AUDIENCE,
  claimsAt,
  createClock,
  createKey,
  ISSUER,
  JWKS,
  type Key,
  SECOND,
  sign,
  START,
  verdict,
} from './support.ts'

let before: Key
let after: Key
beforeAll(async () => {
  ;[before, after] = await Promise.all([createKey('before'), createKey('after')])
})

const MAX_AGE = 60
const COOL_DOWN = 10
const LIFETIME = 120

/** When each of the three processes takes a step, in seconds: they are deployed one after the other. */
interface Steps {
  readonly publish: readonly number[]
  readonly sign: readonly number[]
  readonly retire: readonly number[]
}

/** Ten minutes, a token a second from each process, used at once and once more at its end, by three verifiers. Gives who refused. */
async function rotate({ publish, sign: begin, retire }: Steps): Promise<string[]> {
  const clock = createClock()
  const at = (): number => (clock.now() - START) / SECOND
  let turn = 0
  // A balancer sends each question to the next process, which publishes what it knows.
  const fetch = (): Promise<Response> => {
    const one = turn++ % 3
    const keys = [...(at() < retire[one]! ? [before] : []), ...(at() >= publish[one]! ? [after] : [])]
    return Promise.resolve(Response.json({ keys: keys.map(({ jwk }) => jwk) }))
  }
  const options = { issuer: ISSUER, audience: AUDIENCE, jwks: JWKS, maxAge: MAX_AGE, coolDown: COOL_DOWN }
  const verifiers = [1, 2, 3].map(() => createTokenVerifier({ ...options, fetch, clock, clockTolerance: 0 }))
  const refusals: string[] = []
  const waiting: { token: string; until: number }[] = []
  for (; at() < 600; clock.advance(SECOND)) {
    const one = at() % 3
    const token = await sign(at() >= begin[one]! ? after : before, {
      ...claimsAt(clock.now()),
      exp: clock.now() / 1000 + LIFETIME,
    })
    waiting.push({ token, until: at() + LIFETIME - 1 })
    const due = waiting.filter(({ until }) => until === at())
    for (const { token: used } of [{ token }, ...due]) {
      for (const tokens of verifiers) {
        const said = await verdict(tokens, used)
        if (said !== 'good') refusals.push(`${at()}: ${said}`)
      }
    }
  }
  return refusals
}

it('R133 S51 no token is refused by anybody where a key is known for longer than cache and cool-down before it signs, and for as long as its tokens after', async () => {
  const published = [100, 110, 120]
  const signing = [120 + MAX_AGE + COOL_DOWN, 200, 210]
  expect(await rotate({ publish: published, sign: signing, retire: [210 + LIFETIME, 340, 350] })).toEqual([])
})

it('R133 S51 a key that signs before all processes publish it, or goes before its tokens, is what gets tokens refused', async () => {
  const [early, retired] = await Promise.all([
    rotate({ publish: [100, 110, 120], sign: [100, 110, 120], retire: [400, 400, 400] }),
    rotate({ publish: [100, 110, 120], sign: [190, 200, 210], retire: [220, 220, 220] }),
  ])
  expect(early).not.toEqual([])
  expect(retired).not.toEqual([])
})

it('R133 S51 the keys of our own backend rotate under a warm cache', async () => {
  const backend = await createTestBackend({ signer: 'RS256' })
  const browser = backend.browser()
  const tokens = createTokenVerifier({
    issuer: 'https://auth.latchkey.example',
    audience: 'https://api.latchkey.example',
    jwks: JWKS,
    fetch: () => browser.send('GET', '/.well-known/jwks.json'),
    clock: backend.time,
  })
  const old = (await login(browser)).access_token
  expect(await verdict(tokens, old)).toBe('good')
  await backend.admin.rotateSigningKeys()
  backend.time.advance(30 * SECOND)
  const fresh = (await login(browser)).access_token
  expect([await verdict(tokens, fresh), await verdict(tokens, old)]).toEqual(['good', 'good'])
})
