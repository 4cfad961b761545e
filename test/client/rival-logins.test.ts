/* Two tabs sign in at the same time: the cookie that came last decides, and only the server knows whose it is. */
import { expect, it } from 'vitest'
import { BOB, grant, type Kit, signedIn } from '../support/kit.js'
import { createHub, sayAsTab } from './hub.js'
import { beginLogin } from './support.js'

interface Overtaken {
  readonly kit: Kit
  /** What the login comes to. */
  readonly login: Promise<unknown>
  /** Another tab says something, so many milliseconds after the sign-in. */
  say(after: number, message: Record<string, unknown>): void
}

/** Bob signs in, and before his answer is there somebody else has signed in in another tab. */
async function overtaken(refresh: () => Response): Promise<Overtaken> {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  kit.auth.on('sessionEnd', () => new Promise((resolve) => kit.clock.after(100, () => resolve(undefined))))
  kit.on('/auth/refresh', refresh)
  const { login, answer } = await beginLogin(kit)
  const say: Overtaken['say'] = (after, message) => sayAsTab(hub, kit, message, after)
  say(1, { type: 'in', generation: 1, sessionId: 's8', mode: 'token' })
  answer(grant(5, { user: BOB, session_id: 's5' }))
  return { kit, login, say }
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
  const { kit, login, say } = await overtaken(unavailable)
  await kit.clock.advance(1000)
  expect(await login).toBe('session_changed')
  expect(ended(kit)).toEqual([])
  say(2, { type: 'out', reason: 'logout-elsewhere', sessionId: 's8' })
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
