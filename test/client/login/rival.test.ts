/* Two tabs sign in at the same time: the cookie that came last decides, and only the server knows whose it is. */
import { expect, it } from 'vitest'
import { BOB, grant, type Kit, signedIn } from '../../support/kit.js'
import { type OtherTab, anotherTab } from '../../support/tabs.js'
import { createHub } from '../../support/hub.js'
import { beginLogin } from '../../support/client.js'

interface Overtaken {
  readonly kit: Kit
  /** What the login comes to. */
  readonly login: Promise<unknown>
  /** Where that somebody has signed in. */
  readonly other: OtherTab
}

/** Bob signs in, and before his answer is there somebody else has signed in in another tab. */
async function overtaken(refresh: () => Response): Promise<Overtaken> {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  kit.auth.on('sessionEnd', () => new Promise((resolve) => kit.clock.after(100, () => resolve(undefined))))
  kit.on('/auth/refresh', refresh)
  const other = await anotherTab(kit)
  const { login, answer } = await beginLogin(kit)
  await other.signsIn({ session_id: 's8' })
  answer(grant(5, { user: BOB, session_id: 's5' }))
  return { kit, login, other }
}

const ended = (kit: Kit) => kit.sent('/auth/logout').map(({ body }) => body)
const RIVAL = { session_id: 's5', scope: 'current' }
const unavailable = () => new Response('', { status: 503 })

it('FIX-04 the login whose session is in the jar stands, also where the last user is cleared away first', async () => {
  const { kit, login } = await overtaken(() => grant(6, { user: BOB, session_id: 's5' }))
  await kit.clock.advance(1000)
  expect(await login).toBe('resolved')
  expect(ended(kit)).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: BOB, sessionId: 's5' })
})

it('FIX-04 the login whose session is not in the jar is told so, and its session is ended', async () => {
  const { kit, login } = await overtaken(() => grant(8, { session_id: 's8' }))
  await kit.clock.advance(1000)
  expect(await login).toBe('session_changed')
  expect(ended(kit)).toEqual([RIVAL])
})

it('FIX-04 a session of which the server could not be asked is ended when somebody logs out, and not before', async () => {
  const { kit, login, other } = await overtaken(unavailable)
  await kit.clock.advance(1000)
  expect(await login).toBe('session_changed')
  expect(ended(kit)).toEqual([])
  await other.signsOut()
  await kit.clock.advance(1000)
  expect(ended(kit)).toEqual([RIVAL])
})

it('FIX-04 a session of which the server could not be asked stays where it turns out to be the one in the jar', async () => {
  let answer = unavailable
  const { kit, login } = await overtaken(() => answer())
  await kit.clock.advance(1000)
  expect(await login).toBe('session_changed')
  answer = () => grant(6, { user: BOB, session_id: 's5' })
  await kit.clock.advance(60_000)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: BOB })
  expect(ended(kit)).toEqual([])
})
