import { describe, expect, it } from 'vitest'
import { createAuthClient, createClientWith } from '../../../src/client.js'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { listen, outcome, silence } from '../../support/client.js'
import { type Answer, createKit, grant, json, refusal, signedIn } from '../../support/kit.js'

const fault = (): never => {
  throw new Error('a fault of the application')
}

/** Options whose functions fail as long as they are told to. */
const FAILURES: [
  name: string,
  answer: () => Answer,
  options?: (broken: () => boolean) => AuthClientOptions,
][] = [
  ['a network that is down', () => new TypeError('Failed to fetch')],
  ['a server that is silent', silence],
  ['a page instead of an answer', () => new Response('<html>')],
  ['an error of the server', () => json({}, { status: 500 })],
  ['a refusal', () => refusal()],
  [
    'a parser that throws',
    () => grant(2),
    (broken) => ({ parseUser: (value) => (broken() ? fault() : value) }),
  ],
  ['a subject that throws', () => grant(2), (broken) => ({ getUserId: () => (broken() ? fault() : 'ann') })],
  [
    'an answer reader that throws',
    () => grant(2),
    (broken) => ({
      parseAnswer: () =>
        broken() ? fault() : { accessToken: 'token-1', expiresIn: 300, user: { id: 'ann' } },
    }),
  ],
  ['an error reader that throws', () => refusal(), () => ({ errorCode: fault })],
  [
    'a fetch that throws',
    () => grant(2),
    (broken) => ({ fetch: (...request) => (broken() ? fault() : answers(...request)) }),
  ],
  [
    'a fetch that returns nothing',
    () => grant(2),
    (broken) => ({
      fetch: (...request) => (broken() ? (undefined as unknown as Promise<Response>) : answers(...request)),
    }),
  ],
]

const answers: typeof fetch = async (input) =>
  new Request(input instanceof Request ? input : new URL(input)).url.endsWith('/auth/login')
    ? grant(1)
    : new Response(null, { status: 204 })

describe.each(FAILURES)('%s', (_, answer, options) => {
  it('R79 is a state at the start, and the client can sign in and out after it', async () => {
    let broken = true
    const before = await signedIn()
    before.auth.dispose()
    const kit = createKit(options?.(() => broken) ?? {}, { browser: before.browser })
    kit.on('/auth/refresh', answer)
    kit.on('/auth/login', () => grant(1))
    kit.on('/auth/logout', () => new Response(null, { status: 204 }))
    const ready = kit.auth.ready()
    await kit.clock.advance(20_000)
    expect((await ready).status).not.toBe('authenticated')
    broken = false
    const login = kit.auth.login({})
    await kit.clock.advance(20_000)
    expect(await login).toMatchObject({ status: 'authenticated' })
    const logout = kit.auth.logout()
    await kit.clock.advance(20_000)
    expect(await logout).toMatchObject({ server: 'confirmed' })
  })
})

it('R80 without a browser the client is made, unknown, quiet, and says what is missing', async () => {
  const auth = createAuthClient()
  const told = listen(auth)
  expect(auth.getState()).toMatchObject({ status: 'unknown' })
  expect(await auth.ready()).toMatchObject({ status: 'unknown' })
  const calls = [
    auth.getAccessToken(),
    auth.fetch('/'),
    auth.login({}),
    auth.logout(),
    auth.refresh(),
    auth.diagnose(),
    auth.loginWithRedirect(),
  ]
  expect(new Set(await Promise.all(calls.map(outcome)))).toEqual(new Set(['no_page']))
  auth.dispose()
  expect(told).toEqual({ ends: [], switches: [], claims: [], states: [] })
})

it('R80 a client that is made touches nothing until it is used', async () => {
  const before = await signedIn()
  before.auth.dispose()
  const kit = createKit({}, { browser: before.browser })
  kit.auth.getState()
  kit.auth.on('sessionEnd', () => {})
  kit.auth.getDiagnostics()
  await kit.clock.advance(600_000)
  expect([kit.requests.length, kit.openListeners(), kit.clock.pending]).toEqual([0, 0, 0])
})

it('making a client draws no random number, which some servers forbid outside of a request', () => {
  const kit = createKit()
  const chance = {
    fraction: () => 0,
    id: () => {
      throw new Error('not here')
    },
  }
  expect(() => createClientWith({}, { ...kit.ports, chance })).not.toThrow()
})
