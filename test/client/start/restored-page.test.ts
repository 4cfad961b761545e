/* A page that comes back from the cache of the browser. */
import { expect, it } from 'vitest'
import { gate } from '../../support/client.js'
import { grant, refusal, settle, signedIn } from '../../support/kit.js'
import { anotherTab } from '../../support/tabs.js'

it('R39 with hideOnRestore a page that comes back is not seen before the server has said who is signed in', async () => {
  const kit = await signedIn({ hideOnRestore: true })
  kit.signal('suspend')
  expect(kit.concealed).toBe(true)
  const answer = gate()
  kit.on('/auth/refresh', () => answer.answer)
  kit.signal('restore')
  await kit.clock.advance(1000)
  expect(kit.concealed).toBe(true)
  answer.open(grant(2))
  await kit.clock.advance(50)
  expect(kit.concealed).toBe(false)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
})

it('R39 with hideOnRestore nobody is shown first where the session is over', async () => {
  const kit = await signedIn({ hideOnRestore: true })
  const seen: string[] = []
  kit.auth.subscribe(({ status }) => seen.push(`${status} ${kit.concealed ? 'hidden' : 'seen'}`))
  kit.signal('suspend')
  kit.on('/auth/refresh', () => refusal('session_revoked'))
  kit.signal('restore')
  await kit.clock.advance(1000)
  expect(seen.at(-1)).toBe('unauthenticated hidden')
  expect(kit.concealed).toBe(false)
})

it('R39 with hideOnRestore the page is seen again where the server does not answer', async () => {
  const kit = await signedIn({ hideOnRestore: true })
  kit.signal('suspend')
  kit.on('/auth/refresh', () => gate().answer)
  kit.signal('restore')
  await kit.clock.advance(20_000)
  expect(kit.concealed).toBe(false)
})

it('R39 with hideOnRestore the page is seen again where there is no network, and a sign-out elsewhere is known all the same', async () => {
  const kit = await signedIn({ hideOnRestore: true })
  kit.on('/auth/refresh', () => new TypeError('Failed to fetch'))
  kit.signal('suspend')
  kit.signal('restore')
  await kit.clock.advance(100)
  expect(kit.concealed).toBe(false)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  kit.signal('suspend')
  // The page stands still and hears nothing of it.
  await (await anotherTab(kit, { isHeard: false })).signsOut()
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  kit.signal('restore')
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
  expect(kit.concealed).toBe(true)
  await kit.clock.advance(100)
  expect(kit.concealed).toBe(false)
})

it('without hideOnRestore, and where nobody is signed in, nothing is hidden', async () => {
  const kit = await signedIn()
  kit.signal('suspend')
  expect(kit.concealed).toBe(false)
  const out = await signedIn({ hideOnRestore: true })
  await out.auth.logout()
  out.signal('suspend')
  await settle()
  expect(out.concealed).toBe(false)
})

it('a page restored where the register was cleared away asks the server who is signed in', async () => {
  const kit = await signedIn()
  kit.signal('suspend')
  kit.browser.storage.clear()
  kit.on('/auth/refresh', () => refusal('session_revoked'))
  kit.signal('restore')
  await kit.clock.advance(2000)
  expect(kit.auth.getState().status).toBe('unauthenticated')
})
