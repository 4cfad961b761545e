/* A login whose client is disposed of before its answer. */
import { expect, it } from 'vitest'
import { beginLogin, FakeLocks, gate, NO_LOCKS, outcome, silence } from '../../support/client.js'
import { createKit, grant, json, ManualClock, refusal, settle, signedIn } from '../../support/kit.js'

it('FIX-04 a login whose client was disposed signs nobody in and is revoked', async () => {
  const kit = await signedIn()
  const { login, answer } = await beginLogin(kit)
  kit.auth.dispose()
  expect(await login).toBe('disposed')
  answer(grant(30, { session_id: 's3' }))
  await settle()
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toEqual([{ session_id: 's3', scope: 'current' }])
})

it.each([undefined, 's9'])(
  'FIX-04 R26 nor in any moment of its answer is the session left that nobody takes (id: %s)',
  async (session_id) => {
    for (let microtasks = 0; microtasks < 8; microtasks++) {
      let isArmed = false
      const disposeSoon = async () => {
        for (let passed = 0; passed < microtasks; passed++) await Promise.resolve()
        kit.auth.dispose()
      }
      const parseUser = (user: unknown) => {
        if (isArmed) void disposeSoon()
        return user
      }
      const kit = createKit({ parseUser }, { ports: { locks: NO_LOCKS } })
      kit.on('/auth/refresh', () => refusal())
      kit.on('/auth/logout', () => new Response(null, { status: 204 }))
      void kit.auth.ready()
      await kit.clock.advance(1000)
      const { login, answer } = await beginLogin(kit)
      isArmed = true
      answer(grant(30, { session_id }))
      await kit.clock.advance(20_000)
      expect(await login).toBe('disposed')
      const isTaken = kit.auth.getState().status === 'authenticated'
      expect([microtasks, isTaken || kit.sent('/auth/logout').length > 0]).toEqual([microtasks, true])
    }
  },
)

it('R50 R26 what ends the session of a disposed client waits for the login of the next one, and leaves nothing behind', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const kit = await signedIn({}, { clock, ports: { locks } })
  await kit.auth.logout()
  const before = kit.sent('/auth/logout').length
  const { answer } = await beginLogin(kit)
  kit.auth.dispose()
  const logins = kit.sent('/auth/login').length
  kit.on('/auth/session', () => json(null))
  const next = kit.another()
  const second = gate()
  kit.on('/auth/login', () => second.answer)
  const login = outcome(next.login({}))
  await settle()
  await clock.advance(100)
  expect(kit.sent('/auth/login')).toHaveLength(logins + 1)
  // Its answer would take away the cookie of the second, were it to come behind that.
  answer(grant(30, { session_id: 's3' }))
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(before)
  kit.on('/auth/logout', silence)
  second.open(grant(31, { session_id: 's4' }))
  expect(await login).toBe('resolved')
  await settle()
  expect(kit.sent('/auth/logout').slice(before)).toMatchObject([{ body: { session_id: 's3' } }])
  expect(locks.pending).toBe(0)
  next.dispose()
  expect(clock.pending).toBe(0)
})

it('R50 R26 without an id it does not wait: it would end the sign-in of the next one', async () => {
  const clock = new ManualClock()
  const kit = createKit({ mode: 'session' }, { clock, ports: { locks: new FakeLocks(clock) } })
  let jar: string | undefined
  const ended: unknown[] = []
  kit.on('/auth/session', () => (jar ? json({ user: { id: jar } }) : refusal()))
  kit.on('/auth/logout', () => {
    ended.push(jar)
    jar = undefined
    return new Response(null, { status: 204 })
  })
  const signIn = (auth: typeof kit.auth, user: string) => {
    const late = gate()
    kit.on('/auth/login', () => late.answer)
    const login = outcome(auth.login({}))
    return { login, answer: () => ((jar = user), late.open(json({ user: { id: user } }))) }
  }
  await kit.auth.ready()
  const first = signIn(kit.auth, 'ann')
  await settle()
  kit.auth.dispose()
  const next = kit.another()
  await next.ready()
  const second = signIn(next, 'bob')
  await settle()
  first.answer()
  await settle()
  second.answer()
  expect(await second.login).toBe('resolved')
  await clock.advance(1000)
  expect([ended, jar]).toEqual([['ann'], 'bob'])
})
