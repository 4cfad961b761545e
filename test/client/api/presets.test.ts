/* Each preset over a small backend that does what the documentation of that project says. */
import { expect, it } from 'vitest'
import { createClientWith } from '../../../src/client.js'
import type { AuthClientOptions } from '../../../src/options/types.js'
import * as presets from '../../../src/presets.js'
import { createKit, type Kit, settle } from '../../support/kit.js'

/** What a backend of that kind answers; the cookie jar is a variable. */
interface Backend {
  readonly options: AuthClientOptions
  readonly session: string
  readonly login: string
  readonly logout: string
  /** The answer of the session endpoint, for somebody and for nobody. */
  whoIs(signedIn: boolean): Response
  loggedIn(kit: Kit): Response
  wrongPassword(): Response
  readonly user: unknown
  /** Header and value that a write carries. */
  readonly csrf?: readonly [name: string, value: string]
  /** The refusal of a write for its token. */
  csrfRefused?(): Response
  prepare?(kit: Kit): void
}

const json = (body: unknown, status = 200): Response => Response.json(body, { status })
const html = (status: number): Response =>
  new Response('<h1>no</h1>', { status, headers: { 'content-type': 'text/html' } })
const empty = (status = 204): Response => new Response(null, { status })
const ANN = { id: 'ann', email: 'ann@example.com', name: 'Ann' }

const BACKENDS: Record<string, Backend> = {
  django: {
    options: presets.django,
    session: '/auth/session',
    login: '/auth/login',
    logout: '/auth/logout',
    whoIs: (signedIn) => (signedIn ? json({ user: ANN }) : json(null)),
    loggedIn: () => json({ user: ANN }),
    wrongPassword: () => json({ detail: 'no' }, 403),
    user: ANN,
    csrf: ['x-csrftoken', 'c1'],
    csrfRefused: () => html(403),
    prepare: ({ cookies }) => void cookies.set('csrftoken', 'c1'),
  },
  laravelSanctum: {
    options: presets.laravelSanctum,
    session: '/api/user',
    login: '/login',
    logout: '/logout',
    whoIs: (signedIn) => (signedIn ? json(ANN) : json({ message: 'Unauthenticated.' }, 401)),
    loggedIn: () => empty(),
    wrongPassword: () => json({ message: 'These credentials do not match our records.' }, 422),
    user: ANN,
    csrf: ['x-xsrf-token', 'c1=='],
    csrfRefused: () => json({ message: 'CSRF token mismatch.' }, 419),
    prepare(kit) {
      kit.on('/sanctum/csrf-cookie', () => {
        kit.cookies.set('XSRF-TOKEN', 'c1%3D%3D')
        return empty()
      })
    },
  },
  rails: {
    options: presets.rails,
    session: '/auth/session',
    login: '/auth/login',
    logout: '/auth/logout',
    whoIs: (signedIn) => json(signedIn ? { user: ANN, csrf_token: 'c1' } : { user: null, csrf_token: 'c0' }),
    loggedIn: () => json({ user: ANN, csrf_token: 'c1' }),
    wrongPassword: () => json({ error: 'invalid_credentials' }, 401),
    user: ANN,
    csrf: ['x-csrf-token', 'c1'],
    csrfRefused: () => json({ error: 'csrf_failed' }, 403),
    prepare: ({ metas }) => void metas.set('csrf-token', 'of-the-visitor'),
  },
  springSecurity: {
    options: presets.springSecurity,
    session: '/user',
    login: '/login',
    logout: '/logout',
    whoIs: (signedIn) => (signedIn ? json(ANN) : empty(401)),
    loggedIn: () => empty(200),
    wrongPassword: () => empty(401),
    user: ANN,
    csrf: ['x-xsrf-token', 'c1'],
    csrfRefused: () => json({ status: 403, error: 'Forbidden', path: '/x' }, 403),
    prepare: ({ cookies }) => void cookies.set('XSRF-TOKEN', 'c1'),
  },
  aspNetIdentity: {
    options: presets.aspNetIdentity,
    session: '/manage/info',
    login: '/login',
    logout: '/logout',
    whoIs: (signedIn) => (signedIn ? json({ email: ANN.email, isEmailConfirmed: true }) : empty(401)),
    loggedIn: () => empty(200),
    wrongPassword: () => json({ title: 'Unauthorized', status: 401, detail: 'Failed' }, 401),
    user: { email: ANN.email, isEmailConfirmed: true },
    csrf: ['x-xsrf-token', 'c1'],
    csrfRefused: () => empty(400),
    prepare: ({ cookies }) => void cookies.set('XSRF-TOKEN', 'c1'),
  },
  expressSession: {
    options: presets.expressSession,
    session: '/auth/session',
    login: '/auth/login',
    logout: '/auth/logout',
    whoIs: (signedIn) => json(signedIn ? { user: ANN, csrf_token: 'c1' } : { user: null, csrf_token: 'c0' }),
    loggedIn: () => json({ user: ANN, csrf_token: 'c1' }),
    wrongPassword: () => json({ error: 'invalid_credentials' }, 401),
    user: ANN,
    csrf: ['x-csrf-token', 'c1'],
    csrfRefused: () => json({ error: 'EBADCSRFTOKEN' }, 403),
  },
  fastifySession: {
    options: presets.fastifySession,
    session: '/auth/session',
    login: '/auth/login',
    logout: '/auth/logout',
    whoIs: (signedIn) => json(signedIn ? { user: ANN, csrf_token: 'c1' } : { user: null, csrf_token: 'c0' }),
    loggedIn: () => json({ user: ANN, csrf_token: 'c1' }),
    wrongPassword: () => json({ error: 'invalid_credentials' }, 401),
    user: ANN,
    csrf: ['x-csrf-token', 'c1'],
    csrfRefused: () =>
      json(
        {
          statusCode: 403,
          code: 'FST_CSRF_INVALID_TOKEN',
          error: 'Forbidden',
          message: 'Invalid csrf token',
        },
        403,
      ),
  },
  betterAuth: {
    options: presets.betterAuth,
    session: '/api/auth/get-session',
    login: '/api/auth/sign-in/email',
    logout: '/api/auth/sign-out',
    whoIs: (signedIn) =>
      signedIn ? json({ session: { id: 's1', token: 'SECRET', userId: 'ann' }, user: ANN }) : json(null),
    loggedIn: () => json({ redirect: false, token: 'SECRET', user: ANN }),
    wrongPassword: () => json({ code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid' }, 401),
    user: ANN,
  },
  authJs: {
    options: presets.authJs,
    session: '/api/auth/session',
    login: '/api/auth/callback/credentials',
    logout: '/api/auth/signout',
    whoIs: (signedIn) => (signedIn ? json({ user: ANN, expires: '2030-01-01T00:00:00.000Z' }) : json({})),
    loggedIn: () => json({ url: 'https://app.example.com/' }),
    wrongPassword: () =>
      json({ url: 'https://app.example.com/api/auth/signin?error=CredentialsSignin&code=credentials' }),
    user: ANN,
    csrf: ['x-csrf-token', 'c1'],
    prepare: (kit) => kit.on('/api/auth/csrf', () => json({ csrfToken: 'c1' })),
  },
}

const cases = Object.entries(BACKENDS)

function play(backend: Backend): { kit: Kit; server: { signedIn: boolean } } {
  const kit = createKit(backend.options)
  const server = { signedIn: false }
  backend.prepare?.(kit)
  kit.on(backend.session, () => backend.whoIs(server.signedIn))
  kit.on(backend.login, () => {
    server.signedIn = true
    return backend.loggedIn(kit)
  })
  kit.on(backend.logout, () => {
    server.signedIn = false
    return json({ success: true })
  })
  return { kit, server }
}

const finish = async (kit: Kit, promise: Promise<unknown>): Promise<unknown> => {
  const settled = promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  await kit.clock.advance(3000)
  return settled
}

it.each(cases)(
  '%s: a visitor is nobody, signs in, is restored after a reload, and signs out',
  async (_name, backend) => {
    const { kit } = play(backend)
    await finish(kit, kit.auth.ready())
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none', connection: 'ok' })
    await finish(kit, kit.auth.login({ email: 'ann@example.com', password: 'secret' }))
    expect(kit.auth.getState()).toMatchObject({
      status: 'authenticated',
      mode: 'session',
      user: backend.user,
    })
    const reloaded = kit.another()
    await finish(kit, reloaded.ready())
    expect(reloaded.getState()).toMatchObject({ status: 'authenticated', user: backend.user })
    expect(await finish(kit, kit.auth.logout())).toMatchObject({ value: { server: 'confirmed' } })
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  },
)

it.each(cases)('%s: a wrong password is invalid_credentials', async (_name, backend) => {
  const { kit } = play(backend)
  kit.on(backend.login, () => backend.wrongPassword())
  await finish(kit, kit.auth.ready())
  const { error } = (await finish(kit, kit.auth.login({}))) as { error: { code: string } }
  // Django's own 403 could be for the CSRF token just as well.
  expect(error.code).toBe(_name === 'django' ? 'forbidden' : 'invalid_credentials')
  expect(kit.auth.getState().status).toBe('unauthenticated')
})

it.each(cases)('%s: writes and its own calls carry what it wants', async (_name, backend) => {
  const { kit } = play(backend)
  await finish(kit, kit.auth.ready())
  await finish(kit, kit.auth.login({}))
  kit.on('/api/any', () => json('ok'))
  await finish(kit, kit.auth.fetch('/api/any', { method: 'POST', body: '1' }))
  const write = kit.sent('/api/any')[0]!
  expect(write.init.credentials).toBe('include')
  expect(write.headers.has('authorization')).toBe(false)
  const [name, value] = backend.csrf ?? ['x-csrf-token', null]
  expect(write.headers.get(name)).toBe(value)
  await finish(kit, kit.auth.logout())
  const logout = kit.sent(backend.logout)[0]!
  if (backend.csrf) expect(logout.headers.get(name)).toBe(value)
  if (_name === 'authJs') expect(logout.body).toMatchObject({ csrfToken: 'c1' })
  expect(JSON.stringify(kit.auth.getDiagnostics())).not.toContain('SECRET')
})

it.each(
  cases
    .filter(([, { csrfRefused }]) => csrfRefused)
    .flatMap(([name, backend]) => [
      { name, backend, renewed: true },
      { name, backend, renewed: false },
    ]),
)(
  'R70 $name: a write that is refused for its token costs one question, and is sent once more if there is a new one: $renewed',
  async ({ backend, renewed }) => {
    const { kit } = play(backend)
    await finish(kit, kit.auth.ready())
    await finish(kit, kit.auth.login({}))
    kit.on('/api/any', (_request, count) => (count === 1 ? backend.csrfRefused!() : json('ok')))
    const renew = async () => {
      for (const cookie of ['csrftoken', 'XSRF-TOKEN']) kit.cookies.set(cookie, 'c2')
      return json(JSON.parse((await backend.whoIs(true).text()).replace('"c1"', '"c2"')))
    }
    if (renewed) {
      kit.on(backend.session, renew)
      kit.on('/sanctum/csrf-cookie', renew)
    }
    const before = kit.sent(backend.session).length
    const { value } = (await finish(kit, kit.auth.fetch('/api/any', { method: 'POST' }))) as {
      value: Response
    }
    expect(kit.sent(backend.session).length - before).toBe(1)
    // A token that is the same after the question would be refused again.
    expect(value.status).toBe(renewed ? 200 : backend.csrfRefused!().status)
    const [name, value1] = backend.csrf!
    expect(kit.sent('/api/any').map(({ headers }) => headers.get(name))).toEqual(
      renewed ? [value1, 'c2'] : [value1],
    )
    expect(kit.auth.getState().status).toBe('authenticated')
  },
)

it.each(cases)(
  '%s: a session that is gone ends at the next 401, and a page in between ends nothing',
  async (_name, backend) => {
    const { kit, server } = play(backend)
    await finish(kit, kit.auth.ready())
    await finish(kit, kit.auth.login({}))
    kit.on('/api/any', () => empty(401))
    kit.on(backend.session, () => html(200))
    await finish(kit, kit.auth.fetch('/api/any'))
    expect(kit.auth.getState().status).toBe('authenticated')
    server.signedIn = false
    kit.on(backend.session, () => backend.whoIs(false))
    await kit.clock.advance(10_000)
    const { error } = (await finish(kit, kit.auth.fetch('/api/any'))) as { error: unknown }
    expect(error).toMatchObject({ code: 'session_ended' })
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'expired' })
  },
)

it('R62 django: the 403 that REST framework gives to nobody ends the session, and one for want of a right does not', async () => {
  const { kit, server } = play(BACKENDS['django']!)
  await finish(kit, kit.auth.ready())
  await finish(kit, kit.auth.login({}))
  kit.on('/api/any', () => json({ detail: 'You do not have permission to perform this action.' }, 403))
  const asked = kit.sent('/auth/session').length
  for (const method of ['GET', 'GET', 'POST', 'POST'])
    await finish(kit, kit.auth.fetch('/api/any', { method }))
  expect(kit.auth.getState().status).toBe('authenticated')
  const sent = kit.sent('/api/any').map(({ method }) => method)
  // Of the write none is sent twice: its token is what it was.
  expect([
    sent.filter((method) => method === 'POST').length,
    kit.sent('/auth/session').length - asked,
  ]).toEqual([2, 2])
  server.signedIn = false
  kit.on('/api/other', () => json({ detail: 'Authentication credentials were not provided.' }, 403))
  const { error } = (await finish(kit, kit.auth.fetch('/api/other'))) as { error: unknown }
  expect(error).toMatchObject({ code: 'session_ended' })
})

it.each(['expressSession', 'fastifySession', 'rails'])(
  'R72 %s: one question tells who is signed in and brings the token that the sign-in carries',
  async (name) => {
    const { kit } = play(BACKENDS[name]!)
    await finish(kit, kit.auth.ready())
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
    expect(kit.sent('/auth/session')).toHaveLength(1)
    await finish(kit, kit.auth.login({}))
    expect(kit.sent('/auth/login')[0]!.headers.get('x-csrf-token')).toBe('c0')
  },
)

it.each([
  ['django', 'c2'],
  ['springSecurity', 'c2'],
  ['aspNetIdentity', 'c2'],
  ['laravelSanctum', 'c1=='],
  ['rails', 'c0'],
  ['expressSession', 'c0'],
  ['fastifySession', 'c0'],
  ['authJs', 'c1'],
])(
  '%s: signs in again in the same page after a sign-out, with a token of the visitor and not of the session before',
  async (name, token) => {
    const backend = BACKENDS[name]!
    const { kit } = play(backend)
    await finish(kit, kit.auth.ready())
    await finish(kit, kit.auth.login({}))
    await finish(kit, kit.auth.logout())
    kit.cookies.clear()
    kit.on(backend.session, () => {
      for (const cookie of ['csrftoken', 'XSRF-TOKEN']) kit.cookies.set(cookie, 'c2')
      return backend.whoIs(false)
    })
    await finish(kit, kit.auth.login({}))
    const { headers } = kit.sent(backend.login).at(-1)!
    expect(headers.get(backend.csrf![0])).toBe(token)
  },
)

it.each(['authJs', 'expressSession', 'fastifySession'])(
  '%s: a sign-out that is delivered after a reload fetches the token that it needs, and publishes nobody for it',
  async (name) => {
    const backend = BACKENDS[name]!
    const { kit, server } = play(backend)
    await finish(kit, kit.auth.ready())
    await finish(kit, kit.auth.login({}))
    kit.on(backend.logout, () => new TypeError('Failed to fetch'))
    expect(await finish(kit, kit.auth.logout())).toMatchObject({ value: { server: 'pending' } })
    kit.auth.dispose()
    const reloaded = kit.another()
    const shown: string[] = []
    reloaded.subscribe(({ status }) => shown.push(status))
    kit.on(backend.logout, () => {
      server.signedIn = false
      return json({})
    })
    const before = kit.sent(backend.logout).length
    await finish(kit, reloaded.ready())
    const [sent, ...more] = kit.sent(backend.logout).slice(before)
    expect(sent?.headers.get('x-csrf-token')).toBe('c1')
    if (name === 'authJs') expect(sent?.body).toMatchObject({ csrfToken: 'c1' })
    expect(more).toEqual([])
    expect(shown).not.toContain('authenticated')
  },
)

it('bff: claims become the user, the session id and the end; its sign-in is a navigation', async () => {
  const kit = createKit(presets.bff)
  let claims: unknown = [
    { type: 'sub', value: '88' },
    { type: 'name', value: 'Ann' },
    { type: 'sid', value: 's1' },
    { type: 'bff:session_expires_in', value: 600 },
  ]
  kit.on('/bff/user', () => (claims ? json(claims) : empty(401)))
  await finish(kit, kit.auth.ready())
  expect(kit.auth.getState()).toMatchObject({ user: { sub: '88', name: 'Ann' }, sessionId: 's1' })
  expect((kit.auth.getState() as { expiresAt: number }).expiresAt).toBeGreaterThan(kit.clock.wall() + 500_000)
  const asked = kit.sent('/bff/user')[0]!
  expect([asked.headers.get('x-csrf'), new URL(asked.url).search]).toEqual(['1', '?slide=false'])
  await finish(kit, kit.auth.loginWithRedirect({ returnTo: '/orders' }))
  expect(kit.navigated).toEqual(['https://app.example.com/bff/login?returnUrl=%2Forders'])
  claims = undefined
  await finish(kit, kit.auth.refresh({ force: true }))
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'expired' })
})

it('djangoRestAuth: a token in memory, renewed by the cookie, and the user from his own view', async () => {
  const kit = createKit(presets.djangoRestAuth)
  kit.on('/dj-rest-auth/token/refresh/', () =>
    json({ detail: 'No valid refresh token found.', code: 'token_not_valid' }, 401),
  )
  kit.on('/dj-rest-auth/login/', () => json({ access: 'aaa.bbb.ccc', refresh: '', user: { pk: 7 } }))
  kit.on('/dj-rest-auth/user/', ({ headers }) =>
    headers.get('authorization') ? json({ pk: 7, username: 'ann' }) : empty(401),
  )
  await finish(kit, kit.auth.ready())
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
  await finish(kit, kit.auth.login({}))
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', mode: 'token', user: { pk: 7 } })
  kit.on('/dj-rest-auth/token/refresh/', () => json({ access: 'ddd.eee.fff' }))
  await finish(kit, kit.auth.refresh({ force: true }))
  expect(kit.auth.getState()).toMatchObject({ user: { pk: 7, username: 'ann' } })
  await settle()
})

it('every preset is accepted as it is', () => {
  expect(Object.keys(presets).length).toBe(11)
  for (const preset of Object.values(presets)) {
    expect(() => createClientWith(preset, createKit().ports)).not.toThrow()
  }
})
