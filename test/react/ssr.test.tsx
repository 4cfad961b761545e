// @vitest-environment node
/* A server that renders, in plain Node: no document, many requests at once. */
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type ReactNode, Suspense } from 'react'
import { renderToPipeableStream, renderToStaticMarkup, renderToString } from 'react-dom/server'
import { expect, it, vi } from 'vitest'
import { createAuthClient } from '../../src/index.js'
import {
  AuthProvider,
  type InitialSession,
  RequireAuth,
  SignedIn,
  SignedOut,
  useAuth,
  useAuthReady,
  useSessionEnd,
} from '../../src/react/index.js'

interface User {
  readonly name: string
}

const stream = (node: ReactNode): Promise<string> =>
  text(renderToPipeableStream(node).pipe(new PassThrough()))

function Page() {
  useSessionEnd(() => {})
  const name = useAuth((state) =>
    state.status === 'authenticated' ? (state.user as User).name : state.status,
  )
  return <p>{name}</p>
}

function app(session?: InitialSession<User>, onDenied?: () => void) {
  return (
    <AuthProvider client={createAuthClient<User>()} initialSession={session}>
      <Page />
      <SignedIn>in</SignedIn>
      <SignedOut>out</SignedOut>
      <RequireAuth fallback="wait" onDenied={onDenied}>
        orders
      </RequireAuth>
    </AuthProvider>
  )
}

it('R80 a server renders unknown, sends nothing, and leaves no timer', () => {
  expect(globalThis).not.toHaveProperty('document')
  const fetch = vi.spyOn(globalThis, 'fetch')
  const timer = vi.spyOn(globalThis, 'setTimeout')
  const error = vi.spyOn(console, 'error')
  const onDenied = vi.fn()
  expect(renderToStaticMarkup(app(undefined, onDenied))).toBe('<p>unknown</p>wait')
  expect([fetch, timer, error, onDenied].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0, 0])
})

it('R80 R81 two requests at once get each its own session', async () => {
  const render = async (name: string): Promise<string> => stream(app({ user: { name } }))
  const [ann, bob] = await Promise.all([render('Ann'), render('Bob')])
  expect([ann, bob]).toEqual([expect.stringContaining('<p>Ann</p>'), expect.stringContaining('<p>Bob</p>')])
  expect(ann).not.toContain('Bob')
  expect(renderToStaticMarkup(app())).toBe('<p>unknown</p>wait')
})

it('R80 one client for all requests holds nothing of any of them', () => {
  const shared = createAuthClient<User>()
  const render = (session: InitialSession<User> | null) =>
    renderToStaticMarkup(
      <AuthProvider client={shared} initialSession={session}>
        <Page />
      </AuthProvider>,
    )
  expect(render({ user: { name: 'Ann' } })).toBe('<p>Ann</p>')
  expect(render(null)).toBe('<p>unknown</p>')
})

it('R80 useAuthReady does not suspend on a server, which would wait for nothing', async () => {
  const Ready = () => <p>{useAuthReady().status}</p>
  const node = (
    <AuthProvider client={createAuthClient()}>
      <Suspense fallback="waiting">
        <Ready />
      </Suspense>
    </AuthProvider>
  )
  expect(renderToString(node)).toContain('<p>unknown</p>')
  expect(await stream(node)).not.toContain('waiting')
})

it('R80 hooks outside a provider render unknown on a server too', () => {
  expect(renderToStaticMarkup(<Page />)).toBe('<p>unknown</p>')
})

it('a selector that throws on a server is told on the console', () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  const Throws = () => <>{useAuth((): string => JSON.parse('{')) ?? 'nothing'}</>
  expect(renderToStaticMarkup(<Throws />)).toBe('nothing')
  expect(error).toHaveBeenCalledWith(expect.objectContaining({ cause: expect.any(SyntaxError) }))
})
