/* When the channel is open, what a tab that missed something does about it, and what is never said. */
import { expect, it } from 'vitest'
import { createHub, type Hub, kindOf } from '../../support/hub.js'
import { createKit, grant, type Kit, refusal, settle, signedIn, ANN } from '../../support/kit.js'
import { silence } from '../../support/client.js'
import { anotherTab } from '../../support/tabs.js'

const here = (hub: Hub) => ({ ports: { channels: hub.channels } })
const types = (hub: Hub) => hub.said.splice(0).map(kindOf)

/** Another tab of the same browser and server, signed in by what the first one shares or by its own refresh. */
async function sibling(kit: Kit, hub: Hub): Promise<Kit> {
  const other = createKit({}, { browser: kit.browser, clock: kit.clock, ...here(hub) })
  other.on('/auth/refresh', () => grant(50))
  other.on('/auth/logout', () => new Response(null, { status: 204 }))
  const ready = other.auth.ready()
  await kit.clock.advance(50)
  await ready
  return other
}

it('R24 a login, a refresh, a change of user and a logout are told in one message each, a failure too', async () => {
  const hub = createHub()
  const kit = await signedIn({}, here(hub))
  expect(types(hub)).toEqual(['in'])
  await kit.auth.refresh({ force: true })
  expect(types(hub)).toEqual(['in'])
  kit.on('/auth/refresh', () => new Response('', { status: 503 }))
  await kit.auth.refresh({ force: true }).catch(() => {})
  expect(types(hub)).toEqual(['wait'])
  kit.on('/auth/login', () => grant(9, { user: { id: 'bob' }, session_id: 's9' }))
  await kit.auth.login({})
  expect(types(hub)).toEqual(['in'])
  await kit.auth.logout()
  expect(types(hub)).toEqual(['out'])
  kit.on('/auth/login', () => refusal('invalid_credentials'))
  await kit.auth.login({}).catch(() => {})
  expect(types(hub)).toEqual([])
})

it('R25 the channel is closed while the page is hidden for good, and one is open again when it comes back', async () => {
  const hub = createHub()
  const kit = await signedIn({}, here(hub))
  expect(hub.open()).toHaveLength(1)
  kit.signal('suspend')
  kit.signal('suspend')
  expect(hub.open()).toEqual([])
  for (const signal of ['restore', 'wake', 'online'] as const) {
    kit.signal(signal)
    expect(hub.open()).toHaveLength(1)
  }
  kit.signal('suspend')
  kit.auth.dispose()
  kit.signal('restore')
  expect(hub.open()).toEqual([])
})

it('R25 a restored page hears the others again', async () => {
  const hub = createHub()
  const kit = await signedIn({}, here(hub))
  const other = await sibling(kit, hub)
  kit.signal('suspend')
  kit.signal('restore')
  await other.auth.logout()
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
})

it.each(['restore', 'wake'] as const)(
  'R25 R38 a page that missed a logout knows of it at once on %s, before anything is sent',
  async (signal) => {
    const hub = createHub()
    const kit = await signedIn({}, here(hub))
    const other = await sibling(kit, hub)
    kit.signal('suspend')
    await other.auth.logout()
    expect(kit.auth.getState().status).toBe('authenticated')
    const sent = kit.requests.length
    kit.signal(signal)
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
    await kit.clock.advance(1000)
    expect(kit.requests).toHaveLength(sent)
  },
)

it('R25 a page that missed a renewal takes the new token over, without a request, when it needs one', async () => {
  const hub = createHub()
  const kit = await signedIn({}, here(hub))
  const other = await sibling(kit, hub)
  kit.visible = false
  kit.signal('hidden')
  kit.signal('suspend')
  other.on('/auth/refresh', () => grant(51))
  await kit.clock.advance(290_000)
  await other.auth.refresh({ force: true })
  const sent = kit.requests.length
  kit.visible = true
  kit.signal('restore')
  await kit.clock.advance(100)
  expect(await kit.auth.getAccessToken()).toBe('token-51')
  expect(kit.requests).toHaveLength(sent)
})

it('R28 over a channel that is not of memory alone goes no token and nothing about the user', async () => {
  const hub = createHub(false)
  const kit = await signedIn({}, here(hub))
  kit.on('/auth/refresh', (_request, count) =>
    grant(count, { user: { id: 'ann', name: 'Ann Secret', mail: 'ann@example.com' } }),
  )
  await kit.auth.refresh({ force: true })
  const other = await sibling(kit, hub)
  await other.auth.refresh({ force: true })
  await other.auth.logout()
  expect(new Set(hub.said.map(kindOf))).toEqual(new Set(['in', 'out']))
  for (const message of hub.said) {
    expect(message['shared']).toBeUndefined()
    expect(JSON.stringify(message)).not.toMatch(/token-|ann/i)
  }
})

it('R28 a token that comes over such a channel is not taken', async () => {
  const hub = createHub(false)
  const kit = await signedIn({}, here(hub))
  const [said] = hub.said
  const shared = {
    token: 'stolen',
    subject: 'ann',
    rawUser: { id: 'ann' },
    issuedAt: kit.clock.wall(),
    lifetime: 9e5,
  }
  const register = { ...(said!['register'] as object), generation: 2 }
  hub.say({ ...said, from: 'stranger', register, shared })
  await settle()
  expect(JSON.stringify(kit.auth.getDiagnostics())).not.toContain('stolen')
  expect(await kit.auth.getAccessToken()).not.toBe('stolen')
})

it('R22 over such a channel a login and a logout reach the others, who ask the server for themselves', async () => {
  const hub = createHub(false)
  const kit = await signedIn({}, here(hub))
  await kit.auth.logout()
  const other = await sibling(kit, hub)
  expect(other.auth.getState().status).toBe('unauthenticated')
  const before = other.sent('/auth/refresh').length
  kit.on('/auth/login', () => grant(5, { session_id: 's5' }))
  other.on('/auth/refresh', () => grant(6, { session_id: 's5' }))
  await kit.auth.login({})
  await kit.clock.advance(300)
  expect(other.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's5' })
  expect(other.sent('/auth/refresh')).toHaveLength(before + 1)
  await kit.auth.logout()
  await settle()
  expect(other.auth.getState().status).toBe('unauthenticated')
})

it('the timeline says which tabs took over a token that another one has fetched', async () => {
  const hub = createHub()
  const kit = await signedIn({}, here(hub))
  const other = await sibling(kit, hub)
  await kit.clock.advance(100_000)
  await kit.auth.refresh({ force: true })
  await settle()
  const said = (tab: Kit) => tab.auth.getDiagnostics().at(-1)
  const { generation } = said(kit)!
  expect(said(other)).toMatchObject({ type: 'refresh.adopted', cause: 'shared', generation })
})

it('R38 a page that slept through another sign-in of its user and a renewal behind it shows him until the server has said who it is', async () => {
  const kit = await signedIn()
  const other = await anotherTab(kit, { isHeard: false, isRestored: true })
  await other.signsIn({ session_id: 's2' })
  await other.refreshes(() => grant(101, { session_id: 's2' }))
  kit.on('/auth/refresh', silence)
  const asked = kit.sent('/auth/refresh').length
  kit.signal('wake')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
  await kit.clock.advance(2000)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
  expect(kit.sent('/auth/refresh').length).toBeGreaterThan(asked)
})
