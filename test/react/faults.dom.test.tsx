/* What an app can do wrong: it is told in a sentence, and goes on. */
import { Suspense, useState } from 'react'
import { expect, it } from 'vitest'
import { type AuthClient, createAuthClient } from '../../src/index.js'
import {
  AuthProvider,
  createAuthContext,
  RequireAuth,
  SignedIn,
  SignedOut,
  useAuth,
  useAuthClient,
  useAuthFetch,
  useAuthReady,
  useSessionEnd,
  useUser,
} from '../../src/react/index.js'
import { failure, outcome } from '../support/client.js'
import { type ANN, BOB, createKit, grant, leftSignedIn, refusal, signedIn } from '../support/kit.js'
import { MODES, mount, reported, sentences, turn, warnings, watchFaults } from './support.js'

watchFaults()

const ADVICE = /^Failed to use the auth client: none is provided\. Put <AuthProvider client=\{auth\}> around/

function Status() {
  return <>{useAuth().status}</>
}

let client: AuthClient
function Everything() {
  client = useAuthClient()
  useSessionEnd(() => {})
  const parts = [
    useAuth().status,
    useAuth((state) => state.connection),
    useAuthReady().status,
    typeof useUser(),
  ]
  return <>{[...parts, typeof useAuthFetch()].join(' ')}</>
}

it.each(MODES)('%s: hooks outside a provider show unknown and say what to do', async (_, strict) => {
  const page = await mount(
    <>
      <Everything />
      <SignedIn>in</SignedIn>
      <SignedOut>out</SignedOut>
      <RequireAuth fallback=" waiting">orders</RequireAuth>
    </>,
    strict,
  )
  expect(page.text()).toBe('unknown ok unknown undefined function waiting')
  expect(sentences().length).toBeGreaterThan(0)
  for (const sentence of sentences()) expect(sentence).toMatch(ADVICE)
  expect(warnings).toEqual([])
})

it('every call outside a provider rejects with the same sentence', async () => {
  await mount(<Everything />)
  const calls = [
    client.login({}),
    client.loginWithRedirect(),
    client.logout(),
    client.fetch('/api/orders'),
    client.getAccessToken(),
    client.refresh(),
    client.diagnose(),
  ]
  for (const call of calls)
    expect(await failure(call)).toMatchObject({ message: expect.stringMatching(ADVICE) })
  expect(await client.ready()).toEqual({ status: 'unknown', connection: 'ok', retryAt: undefined })
  expect(client.getDiagnostics()).toEqual([])
  expect(() => client.dispose()).not.toThrow()
})

it.each<[string, unknown]>([
  ['is missing', undefined],
  ['is null', null],
  ['is the function that makes one', createAuthClient],
  ['is the options of one', { baseUrl: 'https://api.example.com' }],
])('a provider whose client %s says so and shows unknown, until it gets one', async (_, wrong) => {
  const kit = await signedIn()
  const app = (given: AuthClient) => (
    <AuthProvider client={given}>
      <Status />
    </AuthProvider>
  )
  const page = await mount(app(wrong as AuthClient))
  expect(page.text()).toBe('unknown')
  expect(sentences()[0]).toMatch(ADVICE)
  await page.show(app(kit.auth))
  expect(page.text()).toBe('authenticated')
})

it('a selector that throws is reported with what to do, gives undefined, and recovers', async () => {
  const kit = await signedIn()
  const Name = () => (
    <>{useAuth((state) => (state as unknown as { user: typeof ANN }).user.name) ?? 'nobody'}</>
  )
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <Name />, <Status />
    </AuthProvider>,
  )
  expect([page.text(), reported]).toEqual(['Ann, authenticated', []])
  await turn(() => kit.auth.logout())
  // Never the user before, who is gone.
  expect(page.text()).toBe('nobody, unauthenticated')
  expect(sentences()[0]).toMatch(/^Failed to select .* threw on "unauthenticated"\. Check `status` first/)
  expect(reported[0]).toHaveProperty('cause', expect.any(TypeError))
  await turn(() => kit.auth.login({}))
  expect(page.text()).toBe('Ann, authenticated')
})

it.each(MODES)(
  'R27 %s: a client that is swapped shows its own state, and the old one is let go',
  async (_, strict) => {
    const [first, second] = [await signedIn(), await signedIn()]
    second.on('/auth/login', () => grant(2, { user: BOB }))
    await second.auth.logout()
    await second.auth.login({})
    const ends: string[] = []
    function Page() {
      const [draft, setDraft] = useState('')
      return (
        <button type="button" onClick={() => setDraft(' draft')}>
          {(useUser() as typeof ANN).name + draft}
        </button>
      )
    }
    function Ends() {
      useSessionEnd(({ previousUser }) => ends.push((previousUser as typeof ANN).name))
      return null
    }
    const app = (given: AuthClient) => (
      <AuthProvider client={given}>
        <Ends />
        <SignedIn>
          <Page />
        </SignedIn>
      </AuthProvider>
    )
    const page = await mount(app(first.auth), strict)
    await turn(() => page.container.querySelector('button')!.click())
    expect(page.text()).toBe('Ann draft')
    await page.show(app(second.auth))
    // What a component remembered of Ann is not there for Bob.
    expect(page.text()).toBe('Bob')
    await turn(() => first.auth.logout())
    expect([page.text(), ends]).toEqual(['Bob', []])
    await turn(() => second.auth.logout())
    expect([page.text(), ends]).toEqual(['', ['Bob']])
    expect(warnings).toEqual([])
  },
)

it('a client that is disposed while it is shown leaves the page as it is; its calls say what to do', async () => {
  const kit = await signedIn()
  function Page() {
    client = useAuthClient()
    return <Status />
  }
  const app = (given: AuthClient) => (
    <AuthProvider client={given}>
      <Page />
    </AuthProvider>
  )
  const page = await mount(app(kit.auth))
  await turn(() => kit.auth.dispose())
  expect(page.text()).toBe('authenticated')
  expect(await outcome(client.fetch('/api/orders'))).toBe('disposed')
  kit.on('/auth/refresh', () => grant(9))
  const next = kit.another()
  await page.show(app(next))
  await turn(() => kit.clock.advance(50))
  expect([page.text(), client]).toEqual(['authenticated', next])
  await page.unmount()
  expect(reported).toEqual([])
})

it('a client that was disposed before is unknown for good, and nothing hangs or throws', async () => {
  const kit = createKit()
  kit.auth.dispose()
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <Suspense>
        <Everything />
        <RequireAuth fallback=" waiting">orders</RequireAuth>
      </Suspense>
    </AuthProvider>,
    true,
  )
  expect(page.text()).toBe('unknown ok unknown undefined function waiting')
  expect(reported).toEqual([])
})

it('a listener of the app that throws does not keep the state from React', async () => {
  const kit = await signedIn()
  kit.auth.subscribe(() => {
    throw new Error('mine')
  })
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <Status />
    </AuthProvider>,
  )
  await turn(() => kit.auth.logout())
  expect(page.text()).toBe('unauthenticated')
  expect(reported).toEqual([new Error('mine'), new Error('mine')])
})

it('a user parser that throws leaves the page with its fallback, and the login says why', async () => {
  const parseUser = (): never => {
    throw new Error('no roles')
  }
  const kit = createKit({ parseUser })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <RequireAuth fallback="waiting">orders</RequireAuth>
    </AuthProvider>,
  )
  await turn(async () => expect(await outcome(kit.auth.login({}))).toBe('invalid_user'))
  expect(page.text()).toBe('waiting')
})

it.each([
  [
    'a backend that is not there',
    () => new TypeError('Failed to fetch'),
    /^Failed to log in: POST \/auth\/login: no answer arrived\. Check that the server is up/,
  ],
  [
    'a mock that is not started, so that the server of the pages answers',
    () => new Response('<!doctype html>', { status: 404, headers: { 'content-type': 'text/html' } }),
    /^Failed to log in: POST \/auth\/login answered 404 text\/html: the answer is not what the contract says\. Check the endpoint and what is in between/,
  ],
])('%s leaves the page with its fallback; the login says what to look at', async (_, answer, sentence) => {
  const kit = createKit({}, { browser: await leftSignedIn() })
  kit.on('/auth/refresh', answer)
  kit.on('/auth/login', answer)
  const denied: unknown[] = []
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <RequireAuth fallback="waiting" onDenied={(state) => denied.push(state)}>
        orders
      </RequireAuth>
      <SignedOut>sign in</SignedOut>
    </AuthProvider>,
  )
  await turn(() => kit.clock.advance(60_000))
  await turn(async () =>
    expect(await failure(kit.auth.login({}))).toMatchObject({ message: expect.stringMatching(sentence) }),
  )
  expect([page.text(), denied, reported, warnings]).toEqual(['waiting', [], [], []])
  // The app lives: when the backend is there, so is the user.
  kit.on('/auth/login', () => grant(1))
  await turn(() => kit.auth.login({}))
  expect(page.text()).toBe('orders')
})

it('R94 a parser that throws for what a renewal brings keeps the user that is shown, and says what to check', async () => {
  let fails = false
  const parseUser = (value: unknown): unknown => {
    if (fails) throw new Error('no roles')
    return value
  }
  const kit = await signedIn({ parseUser })
  const page = await mount(
    <AuthProvider client={kit.auth}>
      <SignedIn>{(user) => (user as typeof ANN).name}</SignedIn>
    </AuthProvider>,
  )
  fails = true
  await turn(async () => {
    const error = await failure(kit.auth.refresh({ force: true }))
    expect(error).toMatchObject({
      code: 'invalid_user',
      message: expect.stringMatching(/say with `getUserId` who it is. Or `parseUser` threw/),
      cause: new Error('no roles'),
    })
  })
  expect([page.text(), reported]).toEqual(['Ann', []])
})

it('R27 two contexts in one page know nothing of each other', async () => {
  const [shop, admin] = [await signedIn(), await signedIn()]
  const [Shop, Admin] = [createAuthContext(), createAuthContext()]
  const Both = () => <>{`${Shop.useAuth().status} ${Admin.useAuth().status} ${useAuth().status}`}</>
  const page = await mount(
    <Shop.AuthProvider client={shop.auth}>
      <Admin.AuthProvider client={admin.auth}>
        <Both />
      </Admin.AuthProvider>
    </Shop.AuthProvider>,
  )
  await turn(() => admin.auth.logout())
  expect(page.text()).toBe('authenticated unauthenticated unknown')
})

it('R27 of nested providers the nearest counts', async () => {
  const [outer, inner] = [await signedIn(), await signedIn()]
  await inner.auth.logout()
  const page = await mount(
    <AuthProvider client={outer.auth}>
      <Status />{' '}
      <AuthProvider client={inner.auth}>
        <Status />
      </AuthProvider>
    </AuthProvider>,
  )
  expect(page.text()).toBe('authenticated unauthenticated')
})
