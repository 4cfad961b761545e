import { expect, it } from 'vitest'
import { memoryStore, type AuthEvent } from 'latchkey/server'
import { controlled } from './shared-store.ts'
import { createStage, jsonOf, LOGIN, SECRETS } from './stage.ts'
import { MINUTE, REFRESH } from './support.ts'

const other = { headers: { cookie: '' } }
const ends = (events: readonly AuthEvent[]) =>
  events.flatMap((event) =>
    event.type === 'session-ended' || event.type === 'all-ended' ? [[event.type, event.code, event.by]] : [],
  )

it('R155 whoever listens hears what ended a session: the person, those who run the server, a cap, the next sign-in, time, reuse, the account', async () => {
  const stage = createStage({ sessionsPerUser: 2, grace: 'strict', idleMs: 30 * MINUTE })
  const { auth, events, send, time, users } = stage
  const signIn = async (init = {}) =>
    (await jsonOf(await send('POST', '/auth/login', { ...LOGIN, ...init })))['session_id']!
  const heard = () => ends(events.splice(0))

  await signIn()
  await send('POST', '/auth/logout', { body: {} })
  expect(heard()).toEqual([['session-ended', 'session_revoked', 'logout']])

  await auth.admin.end(await signIn())
  expect(heard()).toEqual([['session-ended', 'session_revoked', 'admin']])

  await signIn()
  await signIn()
  expect(heard()).toEqual([['session-ended', 'session_revoked', 'sign-in']])

  await signIn(other)
  await signIn(other)
  expect(heard()).toEqual([['session-ended', 'session_revoked', 'cap']])

  await send('POST', '/auth/logout', { body: { scope: 'all' } })
  expect(heard()).toEqual([
    ['all-ended', 'session_revoked', 'logout'],
    ['session-ended', 'session_revoked', 'logout'],
    ['session-ended', 'session_revoked', 'logout'],
  ])

  await signIn()
  time.advance(31 * MINUTE)
  await send('POST', '/auth/refresh')
  expect(heard()).toEqual([['session-ended', 'idle_timeout', 'time']])

  await signIn()
  const spent = { headers: { cookie: `${REFRESH}=${stage.cookie(REFRESH)}` } }
  await send('POST', '/auth/refresh')
  await send('POST', '/auth/refresh', spent)
  expect(heard()).toEqual([['session-ended', 'refresh_reused', 'reuse']])

  await signIn()
  users.set('ada', { ...users.get('ada')!, disabled: true })
  await send('POST', '/auth/refresh')
  expect(heard()).toEqual([['session-ended', 'user_disabled', 'account']])

  users.set('ada', { ...users.get('ada')!, disabled: false })
  await signIn()
  await auth.admin.ban('ada')
  expect(heard()).toEqual([
    ['all-ended', 'user_disabled', 'admin'],
    ['session-ended', 'user_disabled', 'admin'],
  ])
})

it('R155 a spent cookie that gets its successor again says whether to another address, which the store does not know', async () => {
  const control = controlled(memoryStore())
  const kept: string[] = []
  const put = control.store.put
  const store = {
    ...control.store,
    put: (...args: Parameters<typeof put>) => {
      kept.push(args[1])
      return put(...args)
    },
  }
  const secrets = ['n'.repeat(32), ...SECRETS]
  const [stage, later] = [createStage({ store }), createStage({ store, secrets })]
  await stage.send('POST', '/auth/login', LOGIN)
  const spent = { cookie: `${REFRESH}=${stage.cookie(REFRESH)}` }
  const refresh = async (address?: string, { auth, events, request } = stage) => {
    const answer = await auth.handle(request('POST', '/auth/refresh', spent), { address })
    expect(answer.status).toBe(200)
    const last = events.at(-1)
    return last?.type === 'refresh' ? [last.outcome, last.elsewhere] : undefined
  }
  expect(await refresh('192.0.2.7')).toEqual(['rotated', undefined])
  expect(await refresh('192.0.2.7')).toEqual(['redelivered', false])
  expect(await refresh('203.0.113.9')).toEqual(['redelivered', true])
  expect(await refresh()).toEqual(['redelivered', undefined])
  // New secrets know the marks of the old ones.
  expect(await refresh('192.0.2.7', later)).toEqual(['redelivered', false])
  expect(await refresh('203.0.113.9', later)).toEqual(['redelivered', true])
  expect(kept.join()).toContain('givenTo')
  expect(kept.join()).not.toMatch(/192\.0\.2|203\.0\.113/)
})
