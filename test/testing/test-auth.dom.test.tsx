/* The test auth under React: what a story or a component test sees. */
import { createTestAuth } from 'latchkey/testing'
import { createAuthContext } from 'latchkey/react'
import { expect, it } from 'vitest'
import { MODES, mount, reported, turn, warnings, watchFaults } from '../react/support.js'

watchFaults()

const ANN = { id: 'ann', name: 'Ann' }
const BOB = { id: 'bob', name: 'Bob' }

it.each(MODES)(
  'R89 %s: the first render shows the state asked for, and each act the next',
  async (_, strict) => {
    const auth = createTestAuth({ user: ANN, fetch: () => Response.json([]) })
    const { AuthProvider, RequireAuth, SignedOut, useAuth } = createAuthContext<typeof auth>()
    const renders: string[] = []
    function Page() {
      const state = useAuth()
      renders.push(state.status === 'authenticated' ? state.user.name : state.status)
      return <>{renders.at(-1)}</>
    }
    const page = await mount(
      <AuthProvider client={auth}>
        <RequireAuth fallback="sign in">
          <Page />
        </RequireAuth>
        <SignedOut> out</SignedOut>
      </AuthProvider>,
      strict,
    )
    expect(new Set(renders)).toEqual(new Set(['Ann']))
    const seen: string[] = [page.text()]
    for (const act of [
      auth.expire,
      auth.signIn,
      auth.signOutElsewhere,
      () => auth.signIn(BOB),
      auth.goOffline,
    ]) {
      await turn(() => act())
      seen.push(page.text())
    }
    expect(seen).toEqual(['Ann', 'sign in out', 'Ann', 'sign in out', 'Bob', 'Bob'])
    expect([reported, warnings]).toEqual([[], []])
  },
)

it('R89 unknown shows the fallback until it is said who is signed in', async () => {
  const auth = createTestAuth({ status: 'unknown', user: ANN })
  const { AuthProvider, RequireAuth } = createAuthContext<typeof auth>()
  const denied: unknown[] = []
  const page = await mount(
    <AuthProvider client={auth}>
      <RequireAuth fallback="one moment" onDenied={(state) => denied.push(state)}>
        {({ name }) => name}
      </RequireAuth>
    </AuthProvider>,
  )
  expect([page.text(), denied]).toEqual(['one moment', []])
  await turn(() => auth.signIn())
  expect(page.text()).toBe('Ann')
})
