/* A refresh whose answer comes after its deadline, or after the end that another tab has met. */
import { expect, it } from 'vitest'
import { gate, NO_CHANNELS, outcome } from '../../support/client.js'
import { createHub } from '../../support/hub.js'
import { FakeBrowser, grant, type Kit, refusal, settle, signedIn } from '../../support/kit.js'
import { anotherTab } from '../../support/tabs.js'
import { storedSession } from '../../support/stored.js'

/** While a refresh is under way, another tab is told that the session is over. */
async function endedElsewhere(): Promise<{ kit: Kit; answer: (response: Response) => void }> {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const other = await anotherTab(kit, { isRestored: true })
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  await other.refreshes(() => refusal('session_revoked'))
  // It asks once more before it believes that.
  await kit.clock.advance(250)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
  kit.on('/auth/refresh', () => grant(3))
  return { kit, answer: late.open }
}

it('R02 a session that the server has just renewed is not ended because another tab was refused: the server is asked', async () => {
  const { kit, answer } = await endedElsewhere()
  answer(grant(2))
  await kit.clock.advance(1000)
  expect(kit.sent('/auth/logout')).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(await kit.auth.getAccessToken()).toBe('token-3')
})

it('R09 and not behind a logout', async () => {
  const { kit, answer } = await endedElsewhere()
  const asked = kit.sent('/auth/refresh').length
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  answer(grant(2))
  void kit.auth.logout()
  await kit.clock.advance(10_000)
  expect(kit.sent('/auth/refresh')).toHaveLength(asked)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R02 an answer behind its deadline is repaired once where no tab can say whether another one has asked meanwhile', async () => {
  const browser = new FakeBrowser()
  browser.storageBlocked = true
  const kit = await signedIn({}, { browser, ports: { channels: NO_CHANNELS } })
  let number = 1
  kit.on('/auth/refresh', () => {
    const late = gate()
    kit.clock.after(9000, () => late.open(grant(++number)))
    return late.answer
  })
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/refresh')).toHaveLength(1 + 2)
  expect(await kit.auth.getAccessToken()).toBe('token-3')
})

it('R02 an answer that breaks off behind its deadline is repaired, too: its cookie is set', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', (_request, count) => (count === 2 ? late.answer : grant(count)))
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(10_000)
  expect(kit.sent('/auth/refresh')).toHaveLength(2)
  late.open(new Response('{"access_token": "tok', { headers: { 'content-type': 'application/json' } }))
  await kit.clock.advance(16_000)
  expect(kit.sent('/auth/refresh')).toHaveLength(3)
})

it('R02 a refusal of what another tab has renewed meanwhile ends no session', async () => {
  const kit = await signedIn()
  const other = await anotherTab(kit, { isRestored: true })
  const late = gate()
  let asked = 0
  kit.on('/auth/refresh', () => (asked++ === 0 ? refusal('session_revoked') : late.answer))
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(1000)
  expect(asked).toBe(2)
  await other.refreshes(() => grant(200))
  late.open(refusal('session_revoked'))
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(storedSession(kit)).toMatchObject({ isSignedIn: true })
})

it('R99 a page that stood still before it heard that nobody is signed in does not end who has signed in since', async () => {
  const kit = await signedIn()
  const other = await anotherTab(kit, { isHeard: false })
  const late = gate()
  let asked = 0
  // Asked twice, as ever.
  kit.on('/auth/refresh', () => (asked++ === 0 ? refusal('session_revoked') : late.answer))
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(1000)
  expect(asked).toBe(2)
  kit.clock.sleep(1000)
  // Its storage reaches this page late.
  const { read } = kit.ports.shared
  const before = new Map(kit.browser.storage)
  kit.ports.shared.read = (key) => before.get(key) ?? read(key)
  await other.signsIn({ session_id: 's2' })
  kit.clock.sleep(1000)
  late.open(refusal('session_revoked'))
  await settle()
  kit.ports.shared.read = read
  // It has written over what it could not see: of two registers that of the sign-in is the later one.
  other.kit.signal('wake')
  await settle()
  expect(other.kit.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's2' })
  expect(storedSession(kit)).toMatchObject({ isSignedIn: true, sessionId: 's2' })
})
