/* The hook that suspends until it is known who is signed in. */
import { Component, type ReactNode, Suspense } from 'react'
import { expect, it, vi } from 'vitest'
import type { AuthClient } from '../../src/index.js'
import { AuthProvider, useAuthReady } from '../../src/react/index.js'
import { failure, gate } from '../support/client.js'
import { createKit, grant, json, leftSignedIn, signedIn } from '../support/kit.js'
import { MODES, mount, reported, turn, warnings, watchFaults } from './support.js'

watchFaults()

function Status() {
  return <>{useAuthReady().status}</>
}

const inside = (client: AuthClient) => (
  <AuthProvider client={client}>
    <Suspense fallback="waiting">
      <Status />
    </Suspense>
  </AuthProvider>
)

const outside = (client: AuthClient) => (
  <Suspense fallback="waiting">
    <AuthProvider client={client}>
      <Status />
    </AuthProvider>
  </Suspense>
)

const places = MODES.flatMap(
  ([mode, strict]) =>
    [
      [`${mode}, Suspense inside the provider`, strict, inside],
      [`${mode}, Suspense around the provider`, strict, outside],
    ] as const,
)

it.each(places)('R76 %s: useAuthReady waits for the answer, for one refresh', async (_, strict, app) => {
  const kit = createKit()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  const page = await mount(app(kit.auth), strict)
  expect(page.text()).toBe('waiting')
  await turn(() => late.open(grant(1)))
  expect(page.text()).toBe('authenticated')
  expect(kit.sent('/auth/refresh')).toHaveLength(1)
  expect(warnings).toEqual([])
})

it.each(places)(
  'R79 %s: without an answer it waits 10 s at most and then says unknown',
  async (_, strict, app) => {
    const kit = createKit({}, { browser: await leftSignedIn() })
    kit.on('/auth/refresh', () => new Promise<Response>(() => {}))
    const page = await mount(app(kit.auth), strict)
    await turn(() => kit.clock.advance(7_000))
    expect(page.text()).toBe('waiting')
    await turn(() => kit.clock.advance(3_000))
    expect(page.text()).toBe('unknown')
  },
)

it('R77 what was ready never suspends again, also offline and in a part that is shown later', async () => {
  const kit = await signedIn()
  const page = await mount(inside(kit.auth))
  const texts: string[] = []
  new MutationObserver(() => texts.push(page.text())).observe(page.container, {
    childList: true,
    characterData: true,
    subtree: true,
  })
  kit.on('/auth/refresh', () => json({}, { status: 503 }))
  await turn(() => failure(kit.auth.refresh({ force: true })))
  await page.show([inside(kit.auth), inside(kit.auth)])
  expect(texts.filter((text) => text.includes('waiting'))).toEqual([])
  expect(page.text()).toBe('authenticatedauthenticated')
})

it('another client is waited for anew', async () => {
  const [first, second] = [await signedIn(), createKit()]
  const late = gate()
  second.on('/auth/refresh', () => late.answer)
  const page = await mount(inside(first.auth))
  await page.show(inside(second.auth))
  expect(page.container.querySelector(':not([style*="none"])')?.textContent ?? page.text()).toContain(
    'waiting',
  )
  await turn(() => late.open(grant(1)))
  expect(page.text()).toBe('authenticated')
})

it('a promise is no error: an error boundary around it sees nothing', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', () => grant(1))
  const caught = vi.fn()
  class Boundary extends Component<{ readonly children: ReactNode }> {
    override componentDidCatch = caught
    static getDerivedStateFromError = () => ({})
    override render = () => this.props.children
  }
  const page = await mount(<Boundary>{inside(kit.auth)}</Boundary>, true)
  expect(page.text()).toBe('authenticated')
  expect(caught).not.toHaveBeenCalled()
  expect(reported).toEqual([])
})
