import { expect, it } from 'vitest'
import { gate } from '../../support/client.js'
import { ANN, createKit, FakeBrowser, grant, json, refusal, settle, signedIn } from '../../support/kit.js'
import { owed, storeAsTab, WHICHEVER, storedSession } from '../../support/stored.js'
import { anotherTab } from '../../support/tabs.js'

const DONE = () => new Response(null, { status: 204 })

const DOWN = () => json({}, { status: 503 })

it('R37 a logout whose tab is gone is delivered by the one that followed it', async () => {
  const kit = await signedIn()
  const other = await anotherTab(kit)
  await other.signsOut(DOWN)
  other.closes()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
  await kit.clock.advance(19_000)
  expect(kit.sent('/auth/logout')).toHaveLength(0)
  await kit.clock.advance(21_000)
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toEqual([{ session_id: 's1', scope: 'current' }])
  expect(owed(kit)).toEqual([])
})

it('R37 a logout that its tab delivers in time is delivered once', async () => {
  const kit = await signedIn()
  const other = await anotherTab(kit)
  const answer = gate()
  await other.signsOut(() => answer.answer)
  expect(owed(kit)).toEqual(['s1'])
  await kit.clock.advance(5000)
  answer.open(DONE())
  await kit.clock.advance(600_000)
  expect(kit.sent('/auth/logout')).toHaveLength(0)
})

it('R37 R09 what two tabs logged out of is ended one after the other, and a reload forgets none of it', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', DOWN)
  await kit.auth.logout()
  storeAsTab(kit, { owed: ['s2'] })
  expect(owed(kit)).toEqual(['s1', 's2'])
  kit.auth.dispose()
  const next = createKit({}, { browser: kit.browser, clock: kit.clock })
  next.on('/auth/logout', DONE)
  next.on('/auth/session', () => json(null))
  await next.auth.ready()
  expect(next.sent('/auth/logout').map(({ body }) => body)).toEqual([
    { session_id: 's1', scope: 'current' },
    { session_id: 's2', scope: 'current' },
  ])
  expect(owed(kit)).toEqual([])
})

it('R101 the session of a login whose answer breaks off is found by the next page if this one cannot ask', async () => {
  const browser = new FakeBrowser()
  const kit = createKit({}, { browser })
  kit.on('/auth/session', () => json(null))
  await kit.auth.ready()
  kit.on('/auth/login', () => new Response('{', { status: 200 }))
  kit.on('/auth/session', DOWN)
  await expect(kit.auth.login({})).rejects.toMatchObject({ code: 'invalid_response' })
  expect(owed(kit)).toEqual([])
  kit.auth.dispose()
  const next = createKit({}, { browser, clock: kit.clock })
  next.on('/auth/session', () => json({ mode: 'token', user: ANN, session_id: 's1' }))
  next.on('/auth/refresh', () => grant(1))
  void next.auth.ready()
  await next.clock.advance(1000)
  expect(next.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
})

it('R09 where somebody is signed in, a login whose answer breaks off is followed by the question who it is now', async () => {
  const kit = await signedIn()
  kit.on('/auth/login', () => new Response('{', { status: 200 }))
  kit.on('/auth/logout', DOWN)
  kit.on('/auth/refresh', () => refusal('session_revoked'))
  await expect(kit.auth.login({})).rejects.toMatchObject({ code: 'invalid_response' })
  await settle()
  await kit.clock.advance(1000)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
})

it('R50 R09 who signs in elsewhere between two parts of a delivery is not ended by the part without an id', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', DOWN)
  await kit.auth.logout()
  storeAsTab(kit, { owed: ['s1', WHICHEVER] })
  const before = kit.sent('/auth/logout').length
  kit.on('/auth/logout', () => {
    // Another tab: somebody signs in while the first part is under way.
    storeAsTab(kit, { isSignedIn: true, sessionId: 's2' })
    return DONE()
  })
  await kit.clock.advance(60_000)
  expect(
    kit
      .sent('/auth/logout')
      .slice(before)
      .map(({ body }) => body),
  ).toEqual([{ session_id: 's1', scope: 'current' }])
})

it('R50 R09 what another tab has ended meanwhile is not ended again, by the cookie of whoever comes next', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', DOWN)
  await kit.auth.logout()
  storeAsTab(kit, { owed: ['s1', WHICHEVER] })
  const before = kit.sent('/auth/logout').length
  kit.on('/auth/logout', () => {
    storeAsTab(kit, { isSameSignIn: true })
    return DONE()
  })
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/logout')).toHaveLength(before + 1)
})

it('RV-05 a listener that clears all storage at the end does not lose the logout that is still to be delivered', async () => {
  const kit = await signedIn()
  kit.auth.on('sessionEnd', () => kit.browser.storage.clear())
  kit.on('/auth/logout', () => new TypeError('offline'))
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
  expect(owed(kit)).toEqual(['s1'])
})

it('RV-05 nor a listener that clears it later', async () => {
  const kit = await signedIn()
  kit.auth.on('sessionEnd', async () => {
    await Promise.resolve()
    kit.browser.storage.clear()
  })
  kit.on('/auth/logout', () => new TypeError('offline'))
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
  await settle()
  expect(owed(kit)).toEqual(['s1'])
})

it('R09 R101 a session that another tab has logged out of is no sign-in, in this tab neither', async () => {
  const kit = await signedIn()
  const other = await anotherTab(kit, { isHeard: false, isRestored: true })
  // All of it while this page stands still: no row is left of it.
  await other.signsOut()
  kit.signal('wake')
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
  other.closes()
  // A tab that has not heard of it restored it.
  storeAsTab(kit, { isSignedIn: true, sessionId: 's1' })
  await kit.clock.advance(2000)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
  expect(storedSession(kit)).toMatchObject({ isSignedIn: false })
})

it('R09 a session that was logged out of, and that a tab restored which had not heard of it, is over for every page that comes', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  storeAsTab(kit, { isSignedIn: true, sessionId: 's1' })
  await kit.clock.advance(2000)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  expect(storedSession(kit)).toMatchObject({ isSignedIn: false })
})
