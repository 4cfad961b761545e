/* Backends that answer strangely: the right words, no loop, nobody signed out. */
import { expect, it, vi } from 'vitest'
import { ANN, BOB, createStage, SESSION, type Stage } from '../../support/stage.js'
import { saying } from '../../support/words.js'

const page = (): Response =>
  new Response('<h1>Please sign in</h1>', { headers: { 'content-type': 'text/html' } })

const redirect = (): Response => new Response(null, { status: 302, headers: { location: '/login' } })

/** An API that redirects to a sign-in page, whoever asks. */
const redirectingApi: Stage['respond'] = (_request, { pathname }) => {
  if (pathname === '/login') return page()
  return pathname === '/api/profile' ? redirect() : undefined
}

it.each([
  ['a sign-in page with 200', page, 'invalid_response'],
  ['a redirect to it', redirect, 'redirected'],
  ['a body that is no object', () => Response.json('welcome'), 'no_session_cookie'],
  ['nothing', () => new Response(null, { status: 204 }), 'no_session_cookie'],
  ['an error in a 200', () => Response.json({ error: 'nope' }), 'invalid_response'],
])('a login that is answered with %s signs nobody in and says so', async (_name, answer, code) => {
  const stage = await createStage()
  const { auth } = await stage.open()
  stage.respond = (_request, url) => (url.pathname === '/auth/login' ? answer() : undefined)
  const { error } = await stage.run(auth.login(ANN), 5000)
  expect(error).toMatchObject({ code })
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(stage.sent('/auth/login')).toHaveLength(1)
})

it('a login that answers no more than that it worked is completed by the session endpoint', async () => {
  const stage = await createStage()
  const { auth } = await stage.open()
  stage.backend.faults.add({ kind: 'empty-body', on: 'login' })
  const { value } = await stage.run(auth.login(ANN))
  expect(value).toMatchObject({ status: 'authenticated', user: { id: 'ann' } })
})

it('R50 a login that a frozen page completes too late does not end the session of who has signed in meanwhile', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  const other = await stage.open()
  stage.backend.faults.add({ kind: 'empty-body', on: 'login' })
  const login = await stage.run(auth.login(ANN), 5)
  const tab = stage.world.tabs[0]!
  await tab.freeze()
  await stage.world.advance(20_000)
  expect((await stage.run(other.auth.login(BOB))).error).toBeUndefined()
  await tab.resume()
  await stage.world.advance(30_000)
  expect(login.error).toMatchObject({ code: 'timeout' })
  expect((await stage.write(other, 'Bob B.')).value?.status).toBe(200)
  expect(stage.sent('/auth/logout')).toEqual([])
  expect(auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'bob' } })
})

it('a wrong password changes nothing for the one who is signed in', async () => {
  const stage = await createStage()
  const { auth, told } = await stage.signedIn()
  const { error } = await stage.run(auth.login({ ...BOB, password: 'wrong' }))
  expect(error).toMatchObject({ code: 'invalid_credentials' })
  expect([auth.getState().status, told]).toEqual(['authenticated', []])
})

it('a login whose cookie is dropped says so where it has to ask, and in development where it has not', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const silent = await createStage()
  silent.backend.faults.add({ kind: 'empty-body', on: 'login' })
  silent.backend.faults.add({ kind: 'cookie-dropped', on: 'login' })
  const app = await silent.open()
  const { error } = await silent.run(app.auth.login(ANN))
  expect(error).toMatchObject({ code: 'no_session_cookie' })
  expect(error?.message).toEqual(saying(/Path, Domain and SameSite/))

  const stage = await createStage({ ...SESSION, development: true })
  stage.backend.faults.add({ kind: 'cookie-dropped', on: 'login' })
  const { auth } = await stage.open()
  await stage.run(auth.login(ANN))
  await vi.waitFor(async () => {
    await stage.world.advance(100)
    expect(warn).toHaveBeenCalled()
  })
  expect(warn.mock.calls.join(' ')).toMatch(/session cookie is missing.*Set-Cookie/)
  const { error: gone } = await stage.run(auth.fetch('/api/profile'))
  expect(gone).toMatchObject({ code: 'session_ended' })
  expect(stage.sent('/api/profile')).toHaveLength(1)
  warn.mockRestore()
})

it('a cookie for the wrong path is diagnosed with the path', async () => {
  const stage = await createStage(SESSION, { cookies: { insecureCookies: true } })
  stage.backend.faults.add({ kind: 'cookie-path', on: 'login', path: '/elsewhere' })
  const { auth } = await stage.open()
  await stage.run(auth.login(ANN))
  const asked = auth.diagnose()
  let diagnosis: unknown
  void asked.then((value) => (diagnosis = value))
  await vi.waitFor(async () => {
    await stage.world.advance(100)
    expect(diagnosis).toBeDefined()
  })
  expect(diagnosis).toMatchObject({ cookie: 'missing' })
  expect(JSON.stringify(diagnosis)).toMatch(/Path: it must cover the session endpoint and the API/)
})

it('a cookie that reaches the auth endpoints and not the API is diagnosed at the first request', async () => {
  const stage = await createStage(SESSION, { cookies: { insecureCookies: true } })
  stage.backend.faults.add({ kind: 'cookie-path', on: 'login', path: '/auth' })
  const { auth, told } = await stage.signedIn()
  expect((await stage.run(auth.fetch('/api/profile'))).value?.status).toBe(401)
  expect(auth.getDiagnostics().find(({ type }) => type === 'request.unauthorized')?.message).toEqual(
    saying(/Path/),
  )
  expect([auth.getState().status, told]).toEqual(['authenticated', []])
  expect(stage.sent().length).toBe(3)
})

it('R62 an API that redirects to a sign-in page costs one question; a write is not sent again', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  stage.respond = redirectingApi
  const { value } = await stage.write(app, 'x')
  expect(await value?.text()).toContain('Please sign in')
  expect(stage.sent('/auth/session')).toHaveLength(1)
  await stage.write(app, 'y')
  expect([stage.sent('/auth/session').length, stage.sent('/api/profile').length]).toEqual([1, 2])
  expect(app.told).toEqual([])
})

it('R62 where the session is over, the redirect to a sign-in page ends it with its reason', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  stage.respond = redirectingApi
  await stage.backend.admin.endAllSessions('ann')
  expect((await stage.write(app, 'x')).error).toMatchObject({ code: 'session_ended' })
  expect(app.told).toEqual(['end revoked'])
})

it('R62 isUnauthorized reads a copy of the answer and stands for a 401, and one that throws does not', async () => {
  const stage = await createStage({
    ...SESSION,
    async isUnauthorized(response) {
      const { errors } = (await response.json()) as { errors?: { code: string }[] }
      return errors?.[0]?.code === 'UNAUTHENTICATED'
    },
  })
  const { auth, told } = await stage.signedIn()
  let body: unknown = { data: 1 }
  stage.respond = (_request, url) => (url.pathname === '/graphql' ? Response.json(body) : undefined)
  expect(await (await stage.run(auth.fetch('/graphql'))).value?.json()).toEqual({ data: 1 })
  body = null
  expect((await stage.run(auth.fetch('/graphql'))).value?.status).toBe(200)
  expect(stage.sent('/auth/session')).toEqual([])
  body = { errors: [{ code: 'UNAUTHENTICATED' }] }
  expect(await (await stage.run(auth.fetch('/graphql'))).value?.json()).toEqual(body)
  expect([stage.sent('/auth/session').length, told]).toEqual([1, []])
})

it('R62 isUnauthorized works in token mode, too', async () => {
  const stage = await createStage(
    { mode: 'token', isUnauthorized: ({ status }) => status === 419 },
    { mode: 'token' },
  )
  const { auth } = await stage.signedIn()
  let left = 1
  stage.respond = (_request, url) =>
    url.pathname === '/api/any' && left-- > 0 ? new Response(null, { status: 419 }) : undefined
  await stage.run(auth.fetch('/api/any'))
  expect([stage.sent('/api/any').length, stage.sent('/auth/refresh').length]).toEqual([2, 1])
})

it('OW-13 every call carries JSON or nothing', async () => {
  const stage = await createStage()
  const { auth } = await stage.open()
  await stage.run(auth.login(ANN))
  await stage.run(auth.refresh({ force: true }))
  await stage.run(auth.logout())
  for (const { body, headers, method } of stage.sent()) {
    expect(headers.get('content-type')).toBe(body === undefined ? null : 'application/json')
    expect(method === 'GET' || body !== undefined).toBe(true)
  }
})
