/* A logout while a refresh waits or runs: nobody is shown by its answer, and the session that it renews is ended. */
import { expect, it } from 'vitest'
import { failure, FakeLocks, gate, listen, outcome } from '../../support/client.js'
import {
  createKit,
  grant,
  type Kit,
  ManualClock,
  type SentRequest,
  settle,
  signedIn,
} from '../../support/kit.js'

/** What ends the session of the answer that came late carries the token of that answer. */
const isCompensation = ({ headers }: SentRequest): boolean =>
  headers.get('authorization') === 'Bearer token-2'

const compensations = (kit: Kit): SentRequest[] => kit.sent('/auth/logout').filter(isCompensation)

it('R09 a logout during a refresh drops its result, rejects who waits, and revokes the session that came late', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  const waiting = failure(kit.auth.refresh({ force: true }))
  await settle()
  const told = listen(kit.auth)
  const logout = kit.auth.logout()
  expect(await waiting).toMatchObject({ code: 'session_changed', reason: 'logout' })
  late.open(grant(2, { session_id: 's1' }))
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  expect(told.states).toEqual(['unauthenticated'])
  expect(told.ends).toHaveLength(1)
  expect(await logout).toMatchObject({ server: 'confirmed' })
  expect(compensations(kit)).toMatchObject([{ body: { session_id: 's1', scope: 'current' } }])
})

it('R09 the answer that comes after logout and deadline is revoked, and nobody is signed in by it', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(8000)
  expect(await kit.auth.logout()).toMatchObject({ server: 'confirmed' })
  late.open(grant(2))
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(kit.sent('/auth/logout').map(({ headers }) => headers.get('authorization'))).toEqual([
    'Bearer token-1',
    'Bearer token-2',
  ])
})

it('R09 a compensating logout that the server does not take is tried again, and not for ever', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  kit.on('/auth/logout', (request) => new Response(null, { status: isCompensation(request) ? 503 : 204 }))
  void kit.auth.logout()
  late.open(grant(2))
  await kit.clock.advance(600_000)
  expect(compensations(kit)).toHaveLength(4)
})

it('R09 R38 one that does not reach the server is tried until it does', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  const isReachable = () => compensations(kit).length > 9
  kit.on('/auth/logout', (request) => {
    if (!isCompensation(request) || isReachable()) return new Response(null, { status: 204 })
    return new TypeError('the network is broken, and nobody has noticed')
  })
  void kit.auth.logout()
  late.open(grant(2))
  await kit.clock.advance(1_200_000)
  expect(compensations(kit)).toHaveLength(10)
})

it('R50 nor for ever where it names no session: by then the cookie may be that of somebody else', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  kit.on('/auth/logout', (request) =>
    isCompensation(request) ? new TypeError('broken') : new Response(null, { status: 204 }),
  )
  void kit.auth.logout()
  late.open(grant(2, { session_id: undefined }))
  await kit.clock.advance(1_200_000)
  // Four times; each time once more at once, since a rejection that comes at once may be the quota for keepalive.
  expect(compensations(kit)).toHaveLength(8)
  expect(new Set(compensations(kit).map(({ body }) => JSON.stringify(body)))).toEqual(
    new Set(['{"scope":"current"}']),
  )
})

it('R09 a refresh that waits for the start asks nobody after a logout', async () => {
  const { browser, clock } = await signedIn()
  const kit = createKit({}, { browser, clock })
  kit.on('/auth/refresh', () => grant(2))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const refresh = outcome(kit.auth.refresh({ force: true }))
  void kit.auth.logout()
  await kit.clock.advance(10_000)
  expect(await refresh).toBe('session_changed')
  expect(kit.sent('/auth/refresh')).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R09 a forced refresh that still waits for its turn asks nobody after a logout', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const kit = await signedIn({}, { clock, ports: { locks } })
  const release = await locks.acquire([...locks.names][0]!, 1)
  const refresh = outcome(kit.auth.refresh({ force: true }))
  const before = kit.sent('/auth/refresh').length
  await settle()
  void kit.auth.logout()
  kit.signal('suspend')
  await settle()
  release?.()
  await settle()
  expect(await refresh).toBe('session_changed')
  expect(kit.sent('/auth/refresh')).toHaveLength(before)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R09 a logout wins over a refresh on an explicit wish that is under way', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  const refresh = kit.auth.refresh({ force: true }).catch((error: unknown) => error)
  await settle()
  const logout = kit.auth.logout()
  late.open(grant(9, { session_id: 's9' }))
  await kit.clock.advance(20_000)
  await logout
  expect(await refresh).toBeInstanceOf(Error)
  expect(kit.auth.getState().status).toBe('unauthenticated')
  expect(kit.sent('/auth/logout').at(-1)?.body).toMatchObject({ session_id: 's9' })
})
