/* The hooks on the real client: what they show, what they cost, and when they call back. */
import { useState } from 'react'
import { expect, it, vi } from 'vitest'
import type { AuthClient, AuthState } from '../../src/index.js'
import {
  AuthProvider,
  useAuth,
  useAuthClient,
  useAuthFetch,
  useSessionEnd,
  useUser,
} from '../../src/react/index.js'
import { failure, gate } from '../support/client.js'
import { ANN, BOB, createKit, grant, json, settle, signedIn } from '../support/kit.js'
import { MODES, mount, reported, turn, warnings, watchFaults } from './support.js'

watchFaults()

function Status() {
  return <>{useAuth((state) => state.status)}</>
}

it.each(MODES)('R76 %s: the status is unknown until the answer, and then what it says', async (_, strict) => {
  const kit = createKit()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <Status />
    </AuthProvider>,
    strict,
  )
  expect(page.text()).toBe('unknown')
  await turn(() => late.open(grant(1)))
  expect(page.text()).toBe('authenticated')
  expect(warnings).toEqual([])
})

it.each(MODES)('R05 %s: a page full of hooks costs one refresh in total', async (_, strict) => {
  const kit = createKit()
  kit.on('/auth/refresh', (_request, count) => grant(count))
  function Everything() {
    useSessionEnd(() => {})
    return <>{[useAuth().status, useUser() === ANN, typeof useAuthFetch()].length}</>
  }
  await mount(
    <AuthProvider client={kit.auth}>
      <Everything />
      <Everything />
      <Status />
    </AuthProvider>,
    strict,
  )
  expect(kit.sent('/auth/refresh')).toHaveLength(1)
})

it('R05 a client made in the render of a StrictMode component, and thrown away once, costs one refresh', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', (_request, count) => grant(count))
  let made = 0
  function App() {
    const [client] = useState(() => {
      made++
      return kit.another()
    })
    return (
      <AuthProvider client={client}>
        <Status />
      </AuthProvider>
    )
  }
  const page = await mount(<App />, true)
  expect([made, kit.sent('/auth/refresh').length, page.text()]).toEqual([2, 1, 'authenticated'])
})

it.each(MODES)('R77 %s: a hundred silent refreshes render nothing', async (_, strict) => {
  const kit = await signedIn()
  const renders = { state: 0, selected: 0, fresh: 0, user: 0, fetch: 0 }
  function State() {
    renders.state++
    return <>{useAuth().status}</>
  }
  function Selected() {
    renders.selected++
    return <>{useAuth(({ status }) => status)}</>
  }
  function Fresh() {
    renders.fresh++
    return <>{useAuth((state) => ({ state })).state.status}</>
  }
  function Name() {
    renders.user++
    return <>{(useUser() as typeof ANN).name}</>
  }
  function Fetch() {
    renders.fetch++
    return <>{typeof useAuthFetch()}</>
  }
  await mount(
    <AuthProvider client={kit.auth}>
      <State />
      <Selected />
      <Fresh />
      <Name />
      <Fetch />
    </AuthProvider>,
    strict,
  )
  const before = { ...renders }
  const sent = kit.sent('/auth/refresh').length
  for (let round = 0; round < 100; round++) {
    await turn(() => kit.auth.refresh({ force: true }))
  }
  expect(kit.sent('/auth/refresh').length - sent).toBe(100)
  expect(renders).toEqual(before)
})

it('R77 a lost connection renders who reads it, and no one else', async () => {
  const kit = await signedIn()
  let [links, users] = [0, 0]
  function Link() {
    links++
    return <>{useAuth(({ connection }) => connection)}</>
  }
  function Name() {
    users++
    return <>{(useUser() as typeof ANN).name}</>
  }
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <Link /> <Name />
    </AuthProvider>,
  )
  kit.on('/auth/refresh', () => json({}, { status: 503 }))
  await turn(() => failure(kit.auth.refresh({ force: true })))
  expect([page.text(), links, users]).toEqual(['degraded Ann', 2, 1])
})

it('R76 a listener that is called at once, and a selector that makes a new object, do not loop', async () => {
  const kit = await signedIn()
  let renders = 0
  function Parts() {
    renders++
    const { name, list } = useAuth((state) => ({ name: state.status, list: [state.connection] }))
    return <>{`${name} ${list.join()}`}</>
  }
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <Parts />
    </AuthProvider>,
  )
  expect([page.text(), renders, warnings]).toEqual(['authenticated ok', 1, []])
})

it('a selector that reads a prop reads the newest', async () => {
  const kit = await signedIn()
  const Pick = ({ name }: { readonly name: keyof AuthState }) => <>{useAuth((state) => state[name])}</>
  const app = (name: keyof AuthState) => (
    <AuthProvider client={kit.auth}>
      <Pick name={name} />
    </AuthProvider>
  )
  const page = await mount(app('status'))
  await page.show(app('connection'))
  expect(page.text()).toBe('ok')
})

it('useAuthFetch sends the token and stays the same function; useAuthClient signs in and out', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', ({ headers }) => json({ sent: headers.get('authorization') }))
  const seen = new Set<unknown>()
  let fetch = kit.auth.fetch
  let client: AuthClient = kit.auth
  function Orders() {
    fetch = useAuthFetch()
    client = useAuthClient()
    seen.add(fetch).add(client)
    return <>{useAuth().status}</>
  }
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <Orders />
    </AuthProvider>,
  )
  expect(await (await fetch('/api/orders')).json()).toEqual({ sent: 'Bearer token-1' })
  await turn(() => client.logout())
  expect(page.text()).toBe('unauthenticated')
  await turn(() => client.login({}))
  expect(page.text()).toBe('authenticated')
  expect(seen.size).toBe(2)
})

it.each(MODES)('R42 %s: useSessionEnd calls the newest callback once per session', async (_, strict) => {
  const kit = await signedIn()
  const calls: unknown[] = []
  function Purge({ label }: { readonly label: string }) {
    useSessionEnd(({ reason, previousUser }) => calls.push([label, reason, previousUser]))
    return null
  }
  const app = (label: string) => (
    <AuthProvider client={kit.auth}>
      <Purge label={label} />
    </AuthProvider>
  )
  const page = await mount(app('first'), strict)
  await page.show(app('second'))
  await turn(() => kit.auth.logout())
  expect(calls).toEqual([['second', 'logout', ANN]])
  await page.unmount()
  await kit.auth.login({})
  await kit.auth.logout()
  expect(calls).toHaveLength(1)
})

it('R42 the promise of useSessionEnd is waited for before the next user is shown', async () => {
  const kit = await signedIn()
  let purged!: () => void
  function Purge() {
    useSessionEnd(() => new Promise<void>((resolve) => (purged = resolve)))
    return <>{(useUser() as typeof ANN | undefined)?.name ?? 'nobody'}</>
  }
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <Purge />
    </AuthProvider>,
  )
  kit.on('/auth/refresh', () => grant(2, { user: BOB, session_id: 's2' }))
  await turn(() => void failure(kit.auth.refresh({ force: true })))
  expect(page.text()).toBe('nobody')
  await turn(() => purged())
  expect(page.text()).toBe('Bob')
})

it('R42 useSessionEnd hears the end also in what the end takes off the screen', async () => {
  const kit = await signedIn()
  const ends: string[] = []
  function Inside() {
    useSessionEnd(({ reason }) => ends.push(reason))
    return null
  }
  function App() {
    return useUser() === undefined ? null : <Inside />
  }
  await mount(
    <AuthProvider client={kit.auth}>
      <App />
    </AuthProvider>,
  )
  // Outside `act`, so that React renders when it would in a browser.
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false)
  await kit.auth.logout()
  await settle()
  expect(ends).toEqual(['logout'])
})

it('a callback that throws or rejects is reported, and the others are called', async () => {
  const kit = await signedIn()
  const calls: string[] = []
  function Purge() {
    useSessionEnd(() => {
      throw new Error('thrown')
    })
    useSessionEnd(() => Promise.reject(new Error('rejected')))
    useSessionEnd(() => calls.push('called'))
    return <Status />
  }
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <Purge />
    </AuthProvider>,
  )
  await turn(() => kit.auth.logout())
  expect([page.text(), calls, reported]).toEqual([
    'unauthenticated',
    ['called'],
    [new Error('thrown'), new Error('rejected')],
  ])
})

it('R26 unmounting lets go of every listener and leaves the client to its owner', async () => {
  const kit = await signedIn()
  let listeners = 0
  const counted = {
    ...kit.auth,
    subscribe: ((listener) => {
      listeners++
      const stop = kit.auth.subscribe(listener)
      return () => {
        listeners--
        stop()
      }
    }) satisfies typeof kit.auth.subscribe,
  }
  function Both() {
    useSessionEnd(() => {})
    return <Status />
  }
  const page = await mount(
    <AuthProvider client={counted}>
      <Both />
    </AuthProvider>,
    true,
  )
  expect(listeners).toBe(2)
  await page.unmount()
  expect(listeners).toBe(0)
  expect(await kit.auth.getAccessToken()).toBe('token-1')
})
