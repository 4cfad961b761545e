/* A page that a server has rendered: it is taken over without a difference, and then follows the client. */
import { lazy, Suspense } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, it, vi } from 'vitest'
import type { AuthClient } from '../../src/index.js'
import {
  AuthProvider,
  type InitialSession,
  RequireAuth,
  SignedIn,
  SignedOut,
  useAuth,
  useAuthReady,
  useUser,
} from '../../src/react/index.js'
import { gate } from '../support/client.js'
import { ANN, BOB, createKit, grant, leftSignedIn, refusal, signedIn } from '../support/kit.js'
import { storeAsTab } from '../support/stored.js'
import { hydrate, MODES, reported, turn, warnings, watchFaults } from './support.js'

watchFaults()

interface AppProps {
  readonly client: AuthClient
  readonly session?: InitialSession<unknown> | null
  readonly onDenied?: () => void
}

function Name() {
  const { status } = useAuth()
  return <b>{(useUser() as typeof ANN | undefined)?.name ?? status}</b>
}

function App({ client, session, onDenied }: AppProps) {
  return (
    <AuthProvider client={client} initialSession={session}>
      <Name />
      <SignedIn>
        <i>in</i>
      </SignedIn>
      <SignedOut>
        <i>out</i>
      </SignedOut>
      <RequireAuth fallback={<u>wait</u>} onDenied={onDenied}>
        <u>orders</u>
      </RequireAuth>
    </AuthProvider>
  )
}

/** What a server renders: there no client has ever been started. */
const html = (session?: InitialSession<unknown> | null) =>
  renderToString(<App client={createKit().auth} session={session ?? null} />)

it.each(MODES)('R81 %s: a client that already knows makes no difference in hydration', async (_, strict) => {
  const kit = await signedIn()
  const server = html()
  expect(server).toBe('<b>unknown</b><u>wait</u>')
  const page = await hydrate(server, <App client={kit.auth} />, strict)
  expect([page.recovered, warnings, reported]).toEqual([[], [], []])
  expect(page.container.innerHTML).toBe('<b>Ann</b><i>in</i><u>orders</u>')
})

it.each(MODES)(
  'R81 %s: a session from the server is shown until the client has its own',
  async (_, strict) => {
    const kit = createKit()
    const late = gate()
    kit.on('/auth/refresh', () => late.answer)
    const onDenied = vi.fn()
    const server = html({ user: ANN })
    expect(server).toBe('<b>Ann</b><i>in</i><u>orders</u>')
    const page = await hydrate(
      server,
      <App client={kit.auth} session={{ user: ANN }} onDenied={onDenied} />,
      strict,
    )
    const nodes = [...page.container.children]
    expect(page.container.innerHTML).toBe(server)
    await turn(() => late.open(grant(1)))
    expect(page.container.innerHTML).toBe(server)
    expect([...page.container.children]).toEqual(nodes)
    expect([page.recovered, warnings, reported]).toEqual([[], [], []])
    expect(onDenied).not.toHaveBeenCalled()
    expect(kit.sent('/auth/refresh')).toHaveLength(1)
  },
)

it('R81 a session from the server that has ended since gives way to the answer', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  const onDenied = vi.fn()
  const page = await hydrate(
    html({ user: ANN }),
    <App client={kit.auth} session={{ user: ANN }} onDenied={onDenied} />,
  )
  await turn(() => kit.clock.advance(1000))
  expect(page.container.innerHTML).toBe('<b>unauthenticated</b><i>out</i><u>wait</u>')
  expect(onDenied).toHaveBeenCalledTimes(1)
  // What the server said once is not said again later.
  kit.on('/auth/login', () => grant(1, { user: BOB }))
  await turn(() => kit.auth.login({}))
  expect(page.container.innerHTML).toBe('<b>Bob</b><i>in</i><u>orders</u>')
})

it('R76 that the server knows nobody sends nobody away: the client asks', async () => {
  const kit = createKit()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  const onDenied = vi.fn()
  const page = await hydrate(html(null), <App client={kit.auth} session={null} onDenied={onDenied} />)
  expect(page.container.innerHTML).toBe('<b>unknown</b><u>wait</u>')
  await turn(() => late.open(grant(1)))
  expect(page.container.innerHTML).toBe('<b>Ann</b><i>in</i><u>orders</u>')
  expect(onDenied).not.toHaveBeenCalled()
})

it('what the network is like is shown also beside a session from the server', async () => {
  const kit = createKit({}, { browser: await leftSignedIn() })
  kit.online = false
  kit.on('/auth/refresh', () => new TypeError('Failed to fetch'))
  const Link = () => <>{useAuth((state) => `${state.status} ${state.connection}`)}</>
  const app = (client: AuthClient) => (
    <AuthProvider client={client} initialSession={{ user: ANN }}>
      <Link />
    </AuthProvider>
  )
  const page = await hydrate(renderToString(app(createKit().auth)), app(kit.auth))
  // The other tabs are heard out first.
  await turn(() => kit.clock.advance(50))
  expect(page.text()).toBe('authenticated offline')
  expect(warnings).toEqual([])
})

it('R42 what is unknown later does not bring the session from the server back', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', (_request, count) => (count === 1 ? grant(1) : new Promise<Response>(() => {})))
  const page = await hydrate(html({ user: ANN }), <App client={kit.auth} session={{ user: ANN }} />)
  // Another tab writes of a sign-in, of whom it does not say.
  await turn(() => storeAsTab(kit, { isSignedIn: true }))
  expect(kit.auth.getState()).toMatchObject({ status: 'unknown' })
  expect(page.container.innerHTML).toBe('<b>unknown</b><u>wait</u>')
})

it('R81 a part that hydrates after the client knows makes no difference either', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', () => grant(1))
  let load!: () => void
  const loaded = new Promise<{ default: typeof Name }>((resolve) => (load = () => resolve({ default: Name })))
  const Late = lazy(() => loaded)
  const app = (client: AuthClient, Part: typeof Name | typeof Late) => (
    <AuthProvider client={client}>
      <Name />
      <Suspense fallback={<b>loading</b>}>
        <Part />
      </Suspense>
    </AuthProvider>
  )
  const page = await hydrate(renderToString(app(createKit().auth, Name)), app(kit.auth, Late))
  expect(page.text()).toBe('Annunknown')
  await turn(load)
  expect(page.text()).toBe('AnnAnn')
  expect([page.recovered, warnings, reported]).toEqual([[], [], []])
})

it('R81 useAuthReady keeps what the server rendered instead of suspending', async () => {
  const Ready = () => <b>{useAuthReady().status}</b>
  const app = (client: AuthClient) => (
    <AuthProvider client={client}>
      <Suspense fallback={<b>waiting</b>}>
        <Ready />
      </Suspense>
    </AuthProvider>
  )
  const kit = createKit()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  const page = await hydrate(renderToString(app(createKit().auth)), app(kit.auth), true)
  expect(page.text()).toBe('unknown')
  await turn(() => late.open(grant(1)))
  expect(page.text()).toBe('authenticated')
  expect([page.recovered, warnings, reported]).toEqual([[], [], []])
})
