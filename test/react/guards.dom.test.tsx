/* What stands in front of the pages of an app: who is shown what, and who is sent to the sign-in page. */
import { useState } from 'react'
import { expect, it, vi } from 'vitest'
import type { AuthClient, AuthState } from '../../src/index.js'
import { AuthProvider, RequireAuth, SignedIn, SignedOut } from '../../src/react/index.js'
import { failure, gate } from '../support/client.js'
import { BOB, createKit, grant, json, leftSignedIn, refusal, settle, signedIn } from '../support/kit.js'
import { MODES, mount, reported, turn, warnings, watchFaults } from './support.js'

watchFaults()

const nameOf = (user: unknown): string => (user as { name: string }).name

interface GuardedProps {
  readonly client: AuthClient
  readonly onDenied?: (state: { readonly reason: string }) => unknown
}

function Guarded({ client, onDenied }: GuardedProps) {
  return (
    <AuthProvider client={client}>
      <SignedOut>sign in</SignedOut>
      <RequireAuth fallback="one moment" onDenied={onDenied}>
        <p>orders</p>
        <p>more</p>
      </RequireAuth>
    </AuthProvider>
  )
}

/** Every text that was on the screen, one after the other. */
function watch(): string[] {
  const seen: string[] = []
  const observer = new MutationObserver(() => {
    const text = document.body.textContent
    if (text !== '' && text !== seen.at(-1)) seen.push(text)
  })
  observer.observe(document.body, { childList: true, characterData: true, subtree: true })
  return seen
}

it.each(MODES)('R76 %s: a reload of who is signed in never shows the sign-in page', async (_, strict) => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  const onDenied = vi.fn()
  const seen = watch()
  await mount(<Guarded client={kit.another()} onDenied={onDenied} />, strict)
  await turn(() => kit.clock.advance(50))
  await turn(() => late.open(grant(2)))
  expect(seen).toEqual(['one moment', 'ordersmore'])
  expect(onDenied).not.toHaveBeenCalled()
  expect(warnings).toEqual([])
})

it.each(MODES)('R76 %s: nobody is sent away while nobody knows, also offline', async (_, strict) => {
  const kit = createKit({}, { browser: await leftSignedIn() })
  kit.online = false
  kit.on('/auth/refresh', () => new TypeError('Failed to fetch'))
  const onDenied = vi.fn()
  const page = await mount(<Guarded client={kit.auth} onDenied={onDenied} />, strict)
  await turn(() => kit.clock.advance(60_000))
  expect(kit.auth.getState()).toMatchObject({ status: 'unknown', connection: 'offline' })
  expect(page.text()).toBe('one moment')
  expect(onDenied).not.toHaveBeenCalled()
})

it.each(MODES)('R76 %s: onDenied is called once per denial, with the reason', async (_, strict) => {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const reasons: string[] = []
  const page = await mount(
    <Guarded client={kit.auth} onDenied={({ reason }) => reasons.push(reason)} />,
    strict,
  )
  // The refusal of the first start is tried once more.
  await turn(() => kit.clock.advance(1000))
  expect([page.text(), reasons]).toEqual(['sign inone moment', ['none']])
  // Rendering anew is no new denial.
  await page.show(<Guarded client={kit.auth} onDenied={({ reason }) => reasons.push(`again ${reason}`)} />)
  expect(reasons).toEqual(['none'])
  await turn(() => kit.auth.login({}))
  expect(page.text()).toBe('ordersmore')
  await turn(() => kit.auth.logout())
  expect(reasons).toEqual(['none', 'again logout'])
})

it('who opens a guarded page signed out is denied once, also in StrictMode', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  const onDenied = vi.fn()
  await mount(<Guarded client={kit.auth} onDenied={onDenied} />, true)
  expect(onDenied).toHaveBeenCalledTimes(1)
})

/** A client that nobody is signed in with, and whose connection a test can lose. */
function signedOut() {
  let state: AuthState = { status: 'unauthenticated', reason: 'none', connection: 'ok', retryAt: undefined }
  const listeners = new Set<(state: AuthState) => void>()
  const client: AuthClient = {
    ...createKit().auth,
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const lose = () => {
    state = { ...state, connection: 'offline' }
    listeners.forEach((listener) => listener(state))
  }
  return { client, lose }
}

it('a lost connection is no new denial, another client is', async () => {
  const [first, second] = [signedOut(), signedOut()]
  const onDenied = vi.fn()
  const page = await mount(<Guarded client={first.client} onDenied={onDenied} />, true)
  await turn(first.lose)
  expect(onDenied).toHaveBeenCalledTimes(1)
  await page.show(<Guarded client={second.client} onDenied={onDenied} />)
  expect(onDenied).toHaveBeenCalledTimes(2)
})

it('a page that is left before its guard could speak sends nobody away', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  const onDenied = vi.fn()
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false)
  function Leaving() {
    const [here, setHere] = useState(true)
    return here ? (
      <RequireAuth onDenied={onDenied} fallback={<i ref={(node) => void (node && setHere(false))} />} />
    ) : (
      'left'
    )
  }
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <Leaving />
    </AuthProvider>,
  )
  await settle()
  expect(page.text()).toBe('left')
  expect(onDenied).not.toHaveBeenCalled()
})

it.each([
  [
    'throws',
    () => {
      throw new Error('mine')
    },
  ],
  ['rejects', () => Promise.reject(new Error('mine'))],
])('an onDenied that %s is reported, and the page stays', async (_, onDenied) => {
  const kit = await signedIn()
  const page = await mount(<Guarded client={kit.auth} onDenied={onDenied} />, true)
  await turn(() => kit.auth.logout())
  expect(page.text()).toBe('sign inone moment')
  expect(reported).toEqual([new Error('mine')])
})

it('a guard without fallback and callback shows nothing and breaks nothing', async () => {
  const kit = await signedIn()
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <RequireAuth>orders</RequireAuth>
    </AuthProvider>,
  )
  await turn(() => kit.auth.logout())
  expect([page.text(), reported, warnings]).toEqual(['', [], []])
})

it('SignedIn and RequireAuth hand the user to a function', async () => {
  const kit = await signedIn()
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <SignedIn>{(user) => `Hello ${nameOf(user)}`}</SignedIn>,{' '}
      <RequireAuth>{(user) => nameOf(user)}</RequireAuth>
    </AuthProvider>,
  )
  expect(page.text()).toBe('Hello Ann, Ann')
})

function Draft() {
  const [text, setText] = useState('')
  return (
    <button type="button" onClick={() => setText('draft')}>
      [{text}]
    </button>
  )
}

it('R42 nothing a component remembers of one user is there for the next', async () => {
  const kit = await signedIn()
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <SignedIn>
        <Draft />
      </SignedIn>
      <RequireAuth>
        <Draft />
      </RequireAuth>
    </AuthProvider>,
  )
  for (const button of page.container.querySelectorAll('button')) await turn(() => button.click())
  expect(page.text()).toBe('[draft][draft]')
  // The same user, renewed and described anew: what was typed stays.
  kit.on('/auth/refresh', () => grant(2, { user: { id: 'ann', name: 'Anna' } }))
  await turn(() => kit.auth.refresh({ force: true }))
  expect(page.text()).toBe('[draft][draft]')
  kit.on('/auth/refresh', () => grant(3, { user: BOB, session_id: 's2' }))
  await turn(() => failure(kit.auth.refresh({ force: true })))
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: BOB })
  expect(page.text()).toBe('[][]')
})

it('R76 while one user is cleared away and the next one waits, nobody is sent to sign in', async () => {
  const kit = await signedIn()
  let purged!: () => void
  kit.auth.on('sessionEnd', () => new Promise<void>((resolve) => (purged = resolve)))
  const onDenied = vi.fn()
  const page = await mount(<Guarded client={kit.auth} onDenied={onDenied} />)
  kit.on('/auth/refresh', () => grant(2, { user: BOB, session_id: 's2' }))
  await turn(() => void failure(kit.auth.refresh({ force: true })))
  expect(page.text()).toBe('one moment')
  await turn(() => purged())
  expect(page.text()).toBe('ordersmore')
  expect(onDenied).not.toHaveBeenCalled()
})

it('R77 a renewed session unmounts nothing, and neither does a failing server', async () => {
  const kit = await signedIn()
  const page = await mount(<Guarded client={kit.auth} />)
  const node = page.container.querySelector('p')
  await turn(() => kit.auth.refresh({ force: true }))
  kit.on('/auth/refresh', () => json({}, { status: 503 }))
  await turn(() => failure(kit.auth.refresh({ force: true })))
  expect(page.container.querySelector('p')).toBe(node)
})
