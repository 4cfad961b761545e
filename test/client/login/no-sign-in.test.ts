/* A sign-in that is answered, and signs nobody in in words that can be read: nothing is ended, the cookie is asked, and the caller gets the answer. */
import { expect, it } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import {
  type Answer,
  ANN,
  BOB,
  createKit,
  grant,
  json,
  type Kit,
  refusal,
  signedIn,
} from '../../support/kit.js'
import { failure, outcome } from '../../support/client.js'

const session = (user: object | null, id = 's7') => json(user && { mode: 'token', user, session_id: id })
const cut = (): Response =>
  new Response(new ReadableStream({ start: (body) => body.error(new TypeError('cut')) }), { status: 200 })

async function visitor(
  answer: () => Answer,
  found?: () => Answer,
  options: AuthClientOptions = {},
): Promise<Kit> {
  const kit = createKit(options)
  kit.on('/auth/session', () => json(null))
  kit.on('/auth/refresh', () => refusal())
  await kit.auth.ready()
  kit.on('/auth/login', answer)
  if (found) kit.on('/auth/session', found)
  return kit
}

it.each([
  ['a second factor is wanted', { mfa_required: true, ticket: 'T-1' }],
  ['it says that it did not work', { success: false }],
  ['its shape is unknown', [1, 2]],
])('R101 %s: nobody is signed out, and the answer reaches the caller unread', async (_, body) => {
  const kit = await visitor(() => json(body))
  const error = await failure(kit.auth.login({}))
  expect(error).toMatchObject({ code: 'invalid_response', status: 200 })
  expect(await (error as { response?: Response }).response?.json()).toEqual(body)
  await kit.clock.advance(600_000)
  expect(kit.sent('/auth/logout')).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R101 the answer is not enumerable: no log that walks the error finds the ticket', async () => {
  const kit = await visitor(() => json({ mfa_required: true, ticket: 'T-1' }))
  const error = (await failure(kit.auth.login({}))) as Error
  expect(Object.keys(error)).not.toContain('response')
  expect(JSON.stringify(error)).not.toContain('T-1')
  expect(JSON.stringify(kit.auth.getDiagnostics())).not.toContain('T-1')
})

it.each(['token', 'session'] as const)(
  'R101 %s mode: a sign-in whose answer is lost is found by the question, and is one',
  async (mode) => {
    const options: AuthClientOptions = mode === 'session' ? { mode, session: { csrf: 'static-header' } } : {}
    const kit = await visitor(cut, () => json({ mode, user: BOB, session_id: 's7' }), options)
    kit.on('/auth/refresh', () => grant(7, { user: BOB, session_id: 's7' }))
    expect(await kit.auth.login({})).toMatchObject({ status: 'authenticated', user: BOB, sessionId: 's7' })
    expect(kit.sent('/auth/logout')).toEqual([])
  },
)

it('R101 without a session endpoint the refresh is the question', async () => {
  const kit = await visitor(cut, undefined, { endpoints: { session: false } })
  kit.on('/auth/refresh', () => grant(7, { user: BOB, session_id: 's7' }))
  expect(await kit.auth.login({})).toMatchObject({ status: 'authenticated', user: BOB })
})

it('R101 whoever is signed in stays so where another sign-in wants a second factor', async () => {
  const kit = await visitor(() => grant(1))
  await kit.auth.login({})
  const { length } = kit.sent('/auth/refresh')
  kit.on('/auth/login', () => json({ mfa_required: true }))
  kit.on('/auth/session', () => session(ANN, 's1'))
  expect(await outcome(kit.auth.login({}))).toBe('invalid_response')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
  expect(kit.sent('/auth/refresh')).toHaveLength(length)
  expect(kit.sent('/auth/logout')).toEqual([])
})

it('R101 a session that was logged out of is no sign-in, and is owed', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.logout()
  kit.on('/auth/login', () => json({ mfa_required: true }))
  kit.on('/auth/session', () => session(ANN, 's1'))
  expect(await outcome(kit.auth.login({}))).toBe('invalid_response')
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  await kit.clock.advance(100_000)
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toMatchObject([{}, { session_id: 's1' }])
})

it('R101 a logout while it is asked undoes what the question finds', async () => {
  let answer: (response: Response) => void = () => {}
  const kit = await visitor(cut, () => new Promise<Response>((resolve) => (answer = resolve)))
  kit.on('/auth/refresh', () => grant(7, { user: BOB, session_id: 's7' }))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const login = outcome(kit.auth.login({}))
  await kit.clock.advance(100)
  void kit.auth.logout()
  await kit.clock.advance(100)
  answer(session(BOB))
  expect(await login).toBe('session_changed')
  await kit.clock.advance(100_000)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toContainEqual(
    expect.objectContaining({ session_id: 's7' }),
  )
})

it.each([
  [403, 'mfa_required', 'login_refused'],
  [401, 'email_not_verified', 'login_refused'],
  [400, 'captcha_missing', 'login_refused'],
  [422, 'weak_password', 'login_refused'],
  [401, 'INVALID_EMAIL_OR_PASSWORD', 'invalid_credentials'],
  [401, 'Unauthorized', 'invalid_credentials'],
  [400, 'invalid_grant', 'invalid_credentials'],
  [403, 'csrf_invalid', 'csrf_refused'],
  [419, undefined, 'csrf_refused'],
  [402, undefined, 'login_refused'],
  [409, 'already_signed_in', 'login_refused'],
  [410, undefined, 'login_refused'],
  [423, undefined, 'login_refused'],
  [428, undefined, 'login_refused'],
] as const)(
  'R101 a sign-in that is answered %s %s is told as %s, with the answer',
  async (status, error, code) => {
    const kit = await visitor(() => json(error ? { error } : {}, { status }))
    const thrown = (await failure(kit.auth.login({}))) as Error & { response?: Response }
    expect(thrown).toMatchObject({ code, status, retryable: false })
    expect(thrown.message).toContain(`POST /auth/login answered ${status}`)
    expect(thrown.message).not.toMatch(/mock/)
    expect(thrown.response?.bodyUsed).toBe(false)
  },
)

it('R101 a sign-in endpoint that is not there is no matter of a mock', async () => {
  const kit = await visitor(() => json({}, { status: 404 }))
  expect(((await failure(kit.auth.login({}))) as Error).message).not.toMatch(/mock/)
})
