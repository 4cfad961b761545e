/* What a page finds that the version before this one has left, and what an open tab of that version does to it. */
import { expect, it } from 'vitest'
import { ANN, createKit, FakeBrowser, grant, json, type Kit, settle } from '../../support/kit.js'
import { nameOf, owed, storedSession } from '../../support/stored.js'

const KEY = 'shop'
const EPOCH = [1_700_000_000_000, 'old'] as const

/** A page of this version in a browser in which the version before has stored that. */
function deployed(left: Record<string, unknown>): Kit {
  const browser = new FakeBrowser()
  const known = { v: 1, epoch: EPOCH, generation: 3, mode: 'token', sessionId: 's1', reason: 'none' }
  browser.notes.set(nameOf(KEY), JSON.stringify({ ...known, ending: [], scope: 'current', ...left }))
  const kit = createKit({ key: KEY }, { browser })
  kit.on('/auth/session', () => json(null))
  kit.on('/auth/refresh', () => grant(4))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  return kit
}

async function started(kit: Kit, auth = kit.auth) {
  const ready = auth.ready()
  await kit.clock.advance(100)
  return ready
}

const bodies = (kit: Kit) => kit.sent('/auth/logout').map(({ body }) => body)

it('R111 whoever was signed in before a deploy still is: the first page reads the old form once', async () => {
  const kit = deployed({ state: 'in' })
  expect(await started(kit)).toMatchObject({ status: 'authenticated', user: ANN, sessionId: 's1' })
  expect(storedSession(kit)).toMatchObject({ isSignedIn: true, mode: 'token', sessionId: 's1' })
  expect(kit.browser.notes.has(nameOf(KEY))).toBe(false)
})

it('R111 R37 a logout that waits for its server survives the deploy, with its sessions and its scope', async () => {
  const pending = { state: 'logout-pending', reason: 'logout', scope: 'all', ending: ['s1', 's2'] }
  const kit = deployed(pending)
  kit.on('/auth/logout', () => new TypeError('offline'))
  expect(await started(kit)).toMatchObject({ status: 'unauthenticated' })
  expect(owed(kit)).toEqual(['s1', 's2'])
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.clock.advance(60_000)
  expect(bodies(kit).slice(-2)).toEqual([
    { session_id: 's1', scope: 'all' },
    { session_id: 's2', scope: 'all' },
  ])
  expect(owed(kit)).toEqual([])
})

it('R111 R37 and so does one that knew no session id', async () => {
  const kit = deployed({ state: 'logout-pending', reason: 'logout', sessionId: undefined, ending: [''] })
  await started(kit)
  expect(bodies(kit)).toEqual([{ scope: 'current' }])
  expect(owed(kit)).toEqual([])
})

it('R111 an open tab of the version before that writes again changes nothing: the form is read by the first page alone', async () => {
  const kit = deployed({ state: 'in' })
  await started(kit)
  const later = { v: 1, epoch: [EPOCH[0] + 90_000_000, 'old'], state: 'out', reason: 'logout' }
  kit.browser.notes.set(nameOf(KEY), JSON.stringify(later))
  for (const changed of kit.browser.watchers) changed()
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
  kit.auth.dispose()
  expect(await started(kit, kit.another())).toMatchObject({ status: 'authenticated', user: ANN })
})

it.each([
  ['nothing', null],
  ['no JSON', '{"v":1'],
  ['another version', JSON.stringify({ v: 9, epoch: EPOCH, state: 'in', reason: 'none' })],
  ['no epoch', JSON.stringify({ v: 1, state: 'in', reason: 'none' })],
  ['too much', JSON.stringify({ v: 1, epoch: EPOCH, state: 'in', reason: 'none', more: 'x'.repeat(20_000) })],
])('OW-18 %s in its place is not read', async (_name, text) => {
  const browser = new FakeBrowser()
  if (text !== null) browser.notes.set(nameOf(KEY), text)
  const kit = createKit({ key: KEY }, { browser })
  kit.on('/auth/session', () => json(null))
  expect(await kit.auth.ready()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
  expect(kit.sent('/auth/refresh')).toEqual([])
})

const PENDING = { state: 'logout-pending', reason: 'logout', scope: 'all', ending: ['s1', 's2'] }

it('R111 where there is no room for the new form the old one stays, for the next page', async () => {
  const kit = deployed(PENDING)
  const { write } = kit.ports.shared
  Object.assign(kit.ports.shared, {
    write: (key: string, value: string | null) => value === null && write(key, value),
  })
  await started(kit)
  expect(kit.browser.notes.has(nameOf(KEY))).toBe(true)
})

it('R111 R37 a logout that is the first thing a page does takes along what the version before has left', async () => {
  const kit = deployed(PENDING)
  void kit.auth.logout()
  await kit.clock.advance(60_000)
  expect(bodies(kit)).toContainEqual({ session_id: 's2', scope: 'all' })
  expect(kit.browser.notes.has(nameOf(KEY))).toBe(false)
})

it('R111 R37 the longest list that the version before has left is read, whatever its ids are made of', async () => {
  const ending = ['a', 'b', 'c', 'd'].map((letter) => letter + '\u0001'.repeat(511))
  const kit = deployed({ ...PENDING, ending })
  kit.on('/auth/logout', () => new TypeError('offline'))
  await started(kit)
  expect(owed(kit)).toEqual(ending)
})
