/* The recipes of docs/react-recipes.md, as they stand there, with a test auth in the place of the client they make. */
import { render, screen, waitFor } from '@testing-library/react'
import type { AuthClient } from 'latchkey'
import { createTestAuth, type TestAuth } from 'latchkey/testing'
import type { ComponentType } from 'react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createMemoryRouter, type LoaderFunction, RouterProvider } from 'react-router'
import { createKit, grant, leftSignedIn, refusal, settle } from '../support/kit.js'
import { runFence, runnable } from './run.ts'

const ANN = { id: 'ann' }
const BOB = { id: 'bob' }

interface Person {
  readonly id: string
}

let auth: TestAuth<Person>
/** In the place of that where a test wants a client that starts. */
let real: AuthClient<Person> | undefined
vi.mock('latchkey', async (original) => ({
  ...(await original<object>()),
  createAuthClient: (): AuthClient => real ?? auth,
}))

beforeEach(() => {
  vi.stubGlobal('scrollTo', () => {})
})
let unmount = (): void => {}
afterEach(() => {
  unmount()
  real = undefined
  vi.resetModules()
})

const fences = await runnable('docs/react-recipes.md')

/** Runs the recipe that imports from the library, and shows its App at `/orders`. */
async function show(library: string, status?: 'unknown'): Promise<Record<string, unknown>> {
  history.replaceState(null, '', '/orders')
  const of = (token: string | null): string => (token === 'Bearer test-token-1' ? 'tea, milk' : 'beer')
  auth = createTestAuth({
    status,
    user: ANN,
    // The second token is that of Bob.
    fetch: ({ headers }) => Response.json([of(headers.get('authorization'))]),
  })
  const fence = fences.find(({ code }) => code.includes(`from '${library}'`))
  const exported = await runFence(fence!)
  const App = exported['App'] as ComponentType
  ;({ unmount } = render(<App />))
  return exported
}

const page = (): string => document.body.textContent
const shows = (text: string): Promise<void> => waitFor(() => expect(page()).toBe(text))

it('all recipes but those for Next.js run here', () => {
  expect(fences).toHaveLength(6)
})

it.each(['react-router', '@tanstack/react-router', '@tanstack/react-query'])(
  'R27 %s: what was loaded for a user is gone when the next one is shown',
  async (library) => {
    await show(library)
    await shows('tea, milk')
    const seen: string[] = []
    auth.on('userSwitch', () => seen.push('Bob is here'))
    auth.signIn(BOB)
    for (let turn = 0; page() !== 'beer' && turn < 1000; turn++) {
      seen.push(page())
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(page()).toBe('beer')
    expect(seen).toContain('Bob is here')
    expect(seen.slice(seen.indexOf('Bob is here'))).not.toContain('tea, milk')
  },
)

it.each(['react-router', '@tanstack/react-router'])(
  'R76 %s: a guarded page waits while nobody knows, and sends away who is signed out',
  async (library) => {
    await show(library, 'unknown')
    await settle()
    expect(location.pathname).toBe('/orders')
    auth.signIn()
    await waitFor(() => expect(page()).toMatch(/tea|beer/))
    auth.expire()
    await screen.findByRole('heading', { name: 'Sign in' })
    expect(location.pathname + location.search).toBe('/sign-in?returnTo=%2Forders')
  },
)

it('a query of who has left is neither kept nor tried again', async () => {
  const { queries } = (await show('@tanstack/react-query')) as {
    queries: { getQueryCache(): { getAll(): unknown[] } }
  }
  await shows('tea, milk')
  expect(queries.getQueryCache().getAll()).toHaveLength(1)
  auth.expire()
  await shows('')
  expect(queries.getQueryCache().getAll()).toEqual([])
})

/** What the file of a route exports in framework mode. */
interface RouteModule {
  readonly loader: () => unknown
  readonly clientLoader: LoaderFunction & { readonly hydrate: true }
  readonly default: ComponentType
}

it('R81 react-router in framework mode: the loader of the hydration is not begun anew when it is known who is here, and is whenever that changes', async () => {
  const kit = createKit<Person>({}, { browser: await leftSignedIn() })
  let restore!: (answer: Response) => void
  kit.on('/auth/refresh', () => new Promise<Response>((resolve) => (restore = resolve)))
  real = kit.auth
  const fence = fences.find(({ code }) => code.includes('clientLoader.hydrate'))
  const { loader, clientLoader, default: Root } = (await runFence(fence!)) as unknown as RouteModule
  const asked: boolean[] = []
  const load: LoaderFunction = async (args) => {
    const found: unknown = await clientLoader(args)
    asked.push(args.request.signal.aborted)
    return found
  }
  const router = createMemoryRouter(
    [{ id: 'root', path: '/', element: <Root />, loader: Object.assign(load, { hydrate: true }) }],
    { hydrationData: { loaderData: { root: loader() } } },
  )
  ;({ unmount } = render(<RouterProvider router={router} />))
  await shows('One moment …')
  await kit.clock.advance(1000)
  restore(grant(2))
  await kit.clock.advance(1000)
  await shows('ann')
  await settle()
  expect([asked, router.state.initialized]).toEqual([[false], true])
  kit.on('/auth/refresh', () => refusal())
  const ended = kit.auth.refresh({ force: true }).catch(() => {})
  await kit.clock.advance(1000)
  await ended
  await shows('One moment …')
})
