import { expect, it } from 'vitest'
import type { FakeBrowser } from '../../support/kit.js'
import { createKit, grant, refusal, settle, signedIn } from '../../support/kit.js'

async function signedOutBrowser(): Promise<FakeBrowser> {
  const kit = await signedIn()
  await kit.auth.logout()
  kit.auth.dispose()
  return kit.browser
}

it('R76 R96 who comes back from the sign-in page is never shown as signed out before the answer', async () => {
  const kit = createKit({}, { browser: await signedOutBrowser() })
  await kit.auth.loginWithRedirect({ returnTo: '/orders' })
  const [mark] = [...kit.tabStorage]
  kit.auth.dispose()

  const back = createKit({}, { browser: kit.browser })
  back.tabStorage.set(...mark!)
  let answer = (_response: Response): void => {}
  back.on('/auth/refresh', () => new Promise((resolve) => (answer = resolve)))
  const shown: string[] = []
  back.auth.subscribe(({ status }) => shown.push(status))
  await back.clock.advance(100)
  expect(back.auth.getState().status).toBe('unknown')
  answer(grant(9, { session_id: 's9' }))
  await settle()
  expect(back.auth.getState().status).toBe('authenticated')
  expect(shown).not.toContain('unauthenticated')
})

it('R76 a start that always asks is unknown until the refusal, and a logout meanwhile shows at once', async () => {
  const kit = createKit({ restore: 'always' }, { browser: await signedOutBrowser() })
  let answer = (_response: Response): void => {}
  kit.on('/auth/refresh', () => new Promise((resolve) => (answer = resolve)))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const ended: unknown[] = []
  kit.auth.on('sessionEnd', (event) => ended.push(event))
  void kit.auth.ready()
  await kit.clock.advance(100)
  expect(kit.auth.getState().status).toBe('unknown')
  const logout = kit.auth.logout()
  expect(kit.auth.getState().status).toBe('unauthenticated')
  answer(refusal())
  await kit.clock.advance(1000)
  await logout
  expect(kit.auth.getState().status).toBe('unauthenticated')
  expect(ended).toEqual([])
})

it('a negative or absent number of seconds is refused as minValidity', async () => {
  const kit = await signedIn()
  for (const minValidity of [-1, Number.NaN]) {
    await expect(kit.auth.getAccessToken({ minValidity })).rejects.toThrow('"minValidity"')
  }
})
