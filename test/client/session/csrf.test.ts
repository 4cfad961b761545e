/* CSRF tokens: where they come from, what a refusal does, and that nobody's write goes out as that of somebody else. */
import { expect, it, vi } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { isOvertaken } from '../../../src/wire/csrf.js'
import type { BackendOptions } from '../../../src/testing/backend/options.js'
import { ANN, BOB, createStage, ORIGIN, type Person, type Stage } from '../../support/stage.js'
import { saying } from '../../support/words.js'

const COOKIE = '__Host-csrf'
type Setting = readonly [client: AuthClientOptions<Person>, backend: BackendOptions]

const SOURCES: Record<string, Setting> = {
  'the session answer': [{ mode: 'session' }, {}],
  'a readable cookie': [
    { mode: 'session', session: { csrf: { cookie: COOKIE } } },
    { csrf: { delivery: ['cookie'] } },
  ],
  'a header and a cookie of other names': [
    { mode: 'session', session: { csrf: { cookie: 'csrftoken', header: 'X-CSRFToken' } } },
    { csrf: { delivery: ['cookie'], cookie: 'csrftoken', header: 'X-CSRFToken' } },
  ],
  'an endpoint': [
    { mode: 'session', endpoints: { csrf: '/auth/csrf' } },
    { csrf: { delivery: ['endpoint'] } },
  ],
  'an endpoint, and for the login too': [
    { mode: 'session', endpoints: { csrf: '/auth/csrf' } },
    { csrf: { delivery: ['endpoint'], login: true } },
  ],
  'a cookie that an endpoint sets, and for the login too': [
    { mode: 'session', endpoints: { csrf: '/auth/csrf' }, session: { csrf: { cookie: COOKIE } } },
    { csrf: { delivery: ['cookie', 'endpoint'], login: true } },
  ],
  'the static header alone': [
    { mode: 'session', session: { csrf: 'static-header' } },
    { csrf: { token: false } },
  ],
}
const withToken = Object.entries(SOURCES).filter(([name]) => !name.startsWith('the static'))

const stageOf = ([client, backend]: Setting): Promise<Stage> => createStage(client, backend)

it.each(Object.entries(SOURCES))('writes go through with the protection of %s', async (_name, setting) => {
  const stage = await stageOf(setting)
  const app = await stage.signedIn()
  expect((await stage.write(app, 'one')).value?.status).toBe(200)
  await stage.world.tabs[0]!.reload()
  await stage.world.advance(1000)
  expect((await stage.write(stage.world.tabs[0]!.app!, 'two')).value?.status).toBe(200)
  expect(await stage.nameOf('ann')).toBe('two')
})

it.each(withToken)(
  'OW-09 the token of %s is in the header of writes and in no URL, no diagnostic entry and no error',
  async (_name, setting) => {
    const stage = await stageOf(setting)
    const { page, auth } = await stage.signedIn()
    stage.exchanges.length = 0
    await stage.write({ page, auth, told: [] }, 'one')
    stage.backend.admin.rotateCsrfKey()
    await stage.write({ page, auth, told: [] }, 'two')
    await stage.backend.admin.endAllSessions('ann')
    const { error } = await stage.write({ page, auth, told: [] }, 'three')
    await stage.run(auth.login(ANN))
    await stage.run(auth.logout())
    const header = setting[1].csrf?.header ?? 'x-csrf-token'
    const tokens = [...new Set(stage.sent().flatMap(({ headers }) => headers.get(header) ?? []))]
    expect(tokens.length).toBeGreaterThan(1)
    expect(error).toBeDefined()
    const told = [JSON.stringify(auth.getDiagnostics()), error!.message, JSON.stringify(error)]
    for (const text of [...stage.sent().map(({ url }) => decodeURIComponent(url.href)), ...told])
      expect(tokens.filter((token) => text.includes(decodeURIComponent(token)))).toEqual([])
  },
)

it.each(withToken)(
  'R70 OW-11 a stale token of %s costs one fetch and one replay, and nobody is signed out',
  async (_name, setting) => {
    const stage = await stageOf(setting)
    const app = await stage.signedIn()
    stage.backend.admin.rotateCsrfKey()
    expect((await stage.write(app, 'changed')).value?.status).toBe(200)
    expect(await stage.nameOf('ann')).toBe('changed')
    expect(stage.sent('/api/profile')).toHaveLength(2)
    // Where an endpoint hands the token out, the session check beside it says for whom.
    const questions = stage.sent().filter(({ method }) => method === 'GET')
    expect(questions.map(({ url }) => url.pathname)).toEqual(
      setting[0].endpoints?.csrf ? ['/auth/csrf'] : ['/auth/session'],
    )
    expect(app.told).toEqual([])
  },
)

it.each(withToken)(
  'with the token of %s the write of a tab in which Ann is shown is not sent as Bob, who has signed in on a page of the server',
  async (_name, setting) => {
    const stage = await stageOf(setting)
    const app = await stage.signedIn()
    const token = await tokenFor(stage, setting)
    const login = await stage.outside('POST', '/auth/login', BOB, token)
    expect(login.status).toBe(200)
    const { value, error } = await stage.write(app, 'written by Ann')
    expect(value).toBeUndefined()
    expect(error).toMatchObject({ code: 'session_changed' })
    expect([await stage.nameOf('ann'), await stage.nameOf('bob')]).toEqual(['Ann', 'Bob'])
    expect(app.told).toEqual(['end user-switched', 'switch ann bob'])
    expect(app.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'bob' } })
    expect((await stage.write(app, 'Bob B.')).value?.status).toBe(200)
  },
)

async function tokenFor(stage: Stage, [, { csrf }]: Setting): Promise<Record<string, string>> {
  if (!csrf?.login) return {}
  const answer = await stage.outside('GET', '/auth/csrf')
  const { csrf_token: token } = (await answer.json()) as { csrf_token: string }
  return { [csrf.header ?? 'x-csrf-token']: token }
}

it('a read that was meant for Ann comes back as session_mismatch, and Bob is shown to nobody as Ann', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  await stage.outside('POST', '/auth/login', BOB)
  const { value, error } = await stage.run(app.auth.fetch('/api/profile'))
  expect([value, error?.code]).toEqual([undefined, 'session_changed'])
  expect(app.told).toEqual(['end user-switched', 'switch ann bob'])
})

it('409 session_mismatch for the same subject under a new session is answered by one replay', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  await stage.outside('POST', '/auth/login', ANN)
  expect((await stage.write(app, 'again')).value?.status).toBe(200)
  expect(app.told).toEqual([])
  expect(stage.sent('/api/profile').map(({ answer }) => answer?.status)).toEqual([409, 200])
})

it('a 409 of the application is its own business', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  stage.respond = (_request, url) =>
    url.pathname === '/api/profile' ? Response.json({ error: 'edit_conflict' }, { status: 409 }) : undefined
  expect((await stage.write(app, 'x')).value?.status).toBe(409)
  expect(stage.sent()).toHaveLength(1)
})

it('without a session id the readable cookie alone tells that somebody may have signed in, before the write leaves', async () => {
  const stage = await createStage(
    { mode: 'session', session: { idHeader: false, csrf: { cookie: COOKIE } } },
    { sessionIdHeader: false, csrf: { delivery: ['cookie'] } },
  )
  const app = await stage.signedIn()
  await stage.outside('POST', '/auth/login', BOB)
  expect((await stage.write(app, 'written by Ann')).error).toMatchObject({ code: 'session_changed' })
  expect(stage.sent('/api/profile')).toHaveLength(0)
  expect(await stage.nameOf('bob')).toBe('Bob')
})

it('somebody who signs in while the server is asked is noticed before the next write, too', async () => {
  const stage = await createStage(
    { mode: 'session', session: { idHeader: false, csrf: { cookie: COOKIE } } },
    { sessionIdHeader: false, csrf: { delivery: ['cookie'] } },
  )
  const app = await stage.signedIn()
  let overtaken = true
  stage.respond = async (request, { pathname }) => {
    if (pathname !== '/auth/session' || !overtaken) return undefined
    overtaken = false
    const context = { address: '203.0.113.7' }
    const answer = await stage.backend.handle(request, context)
    // It is for Ann, and the cookies of Bob's sign-in reach the browser before it does.
    const login = await stage.backend.handle(
      new Request(`${ORIGIN}/auth/login`, {
        method: 'POST',
        headers: {
          'x-csrf': '1',
          'content-type': 'application/json',
          'sec-fetch-site': 'same-origin',
          cookie: request.headers.get('cookie') ?? '',
        },
        body: JSON.stringify(BOB),
      }),
      context,
    )
    expect(login.status).toBe(200)
    for (const line of login.headers.getSetCookie()) answer.headers.append('set-cookie', line)
    return answer
  }
  await stage.run(app.auth.refresh({ force: true }))
  expect(app.auth.getState()).toMatchObject({ user: { id: 'ann' } })
  expect((await stage.write(app, 'written by Ann')).error).toMatchObject({ code: 'session_changed' })
  expect(await stage.nameOf('bob')).toBe('Bob')
})

it('a cookie that changes with every answer is believed where the developer says so, and asked about twice where not', async () => {
  for (const rotates of [true, false]) {
    const stage = await createStage(
      { mode: 'session', session: { csrf: { cookie: 'xsrf', rotates } } },
      { csrf: { token: false } },
    )
    let count = 0
    stage.respond = async (request) => {
      const answer = await stage.backend.handle(request, { address: '203.0.113.7' })
      answer.headers.append('set-cookie', `xsrf=t${++count}; Path=/; Secure; SameSite=Lax`)
      return answer
    }
    const app = await stage.signedIn()
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      expect((await stage.write(app, name)).value?.status).toBe(200)
    expect(stage.sent('/auth/session')).toHaveLength(rotates ? 0 : 8)
  }
})

it('a token in a cookie is taken as it stands for percent signs', async () => {
  const stage = await createStage(
    { mode: 'session', session: { csrf: { cookie: 'XSRF-TOKEN', header: 'X-XSRF-TOKEN' } } },
    { csrf: { token: false } },
  )
  stage.respond = async (request) => {
    const answer = await stage.backend.handle(request, { address: '203.0.113.7' })
    answer.headers.append('set-cookie', `XSRF-TOKEN=abc%3D%3D; Path=/; Secure`)
    return answer
  }
  const app = await stage.signedIn()
  await stage.write(app, 'x')
  expect(stage.sent('/api/profile')[0]?.headers.get('x-xsrf-token')).toBe('abc==')
})

it('R71 a CSRF cookie that cannot be read is named, once, and signs nobody out', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const stage = await createStage(
    { mode: 'session', session: { csrf: { cookie: COOKIE } } },
    { csrf: { delivery: ['answer', 'endpoint'] } },
  )
  const app = await stage.signedIn()
  expect((await stage.write(app, 'x')).value?.status).toBe(403)
  // What says it is loaded when it is wanted, by a clock that is not the test's.
  await vi.waitUntil(() => warn.mock.calls.length > 0)
  const [entry, ...more] = app.auth.getDiagnostics().filter(({ type }) => type === 'csrf.missing')
  expect(entry?.message).toContain(COOKIE)
  expect(entry?.message).toMatch(/Path/)
  expect(more).toEqual([])
  expect(warn).toHaveBeenCalledTimes(1)
  expect(app.told).toEqual([])
  expect(stage.sent('/api/profile')).toHaveLength(1)
  warn.mockRestore()
})

it('R70 a token that another tab has renewed costs a request and no fetch', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  const other = await stage.open()
  stage.backend.admin.rotateCsrfKey()
  await stage.run(other.auth.refresh({ force: true }))
  stage.exchanges.length = 0
  expect((await stage.write(app, 'x')).value?.status).toBe(200)
  expect(stage.sent().map(({ url }) => url.pathname)).toEqual(['/api/profile'])
})

it('R70 many writes at once with a stale token share one fetch', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  stage.backend.admin.rotateCsrfKey()
  const writes = ['a', 'b', 'c', 'd'].map((name) =>
    app.auth.fetch('/api/profile', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    }),
  )
  const { value } = await stage.run(Promise.all(writes))
  expect(value?.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(stage.sent('/auth/session')).toHaveLength(1)
})

it('a 403 that is not about CSRF comes back as it is, without a question', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  stage.respond = (_request, url) =>
    url.pathname === '/api/profile' ? Response.json({ error: 'not_yours' }, { status: 403 }) : undefined
  const { value } = await stage.write(app, 'x')
  expect([value?.status, await value?.json()]).toEqual([403, { error: 'not_yours' }])
  expect(stage.sent()).toHaveLength(1)
  expect(app.told).toEqual([])
})

it('a 403 that might be about CSRF costs one question, and none the next time', async () => {
  const stage = await createStage(
    { mode: 'session', session: { csrf: { cookie: COOKIE, refusals: [{ status: 403 }] } } },
    { csrf: { delivery: ['cookie'] } },
  )
  const app = await stage.signedIn()
  stage.respond = (_request, url) =>
    url.pathname === '/api/profile'
      ? new Response('<h1>Forbidden</h1>', { status: 403, headers: { 'content-type': 'text/html' } })
      : undefined
  const { value } = await stage.write(app, 'x')
  expect([value?.status, await value?.text()]).toEqual([403, '<h1>Forbidden</h1>'])
  expect(stage.sent().map(({ url }) => url.pathname)).toEqual(['/api/profile', '/auth/session'])
  await stage.write(app, 'y')
  expect(stage.sent('/auth/session')).toHaveLength(1)
  stage.respond = () => new Response(null, { status: 403 })
  expect((await stage.run(app.auth.fetch('/api/other'))).value?.status).toBe(403)
  expect(stage.sent('/auth/session')).toHaveLength(1)
  expect(app.auth.getState().status).toBe('authenticated')
})

it('a backend that refuses every token gets two requests and one question for a write, and is named', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  stage.respond = (_request, url) =>
    url.pathname === '/api/profile' ? Response.json({ error: 'csrf_failed' }, { status: 403 }) : undefined
  expect((await stage.write(app, 'x')).value?.status).toBe(403)
  expect(stage.sent().map(({ url }) => url.pathname)).toEqual([
    '/api/profile',
    '/auth/session',
    '/api/profile',
  ])
  expect(app.auth.getDiagnostics().find(({ type }) => type === 'request.unauthorized')?.message).toEqual(
    saying(/CSRF/),
  )
  await stage.write(app, 'y')
  expect(stage.sent('/auth/session')).toHaveLength(1)
  expect(app.told).toEqual([])
})

it('a stream that is refused for its CSRF token is handed back with the refusal', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  stage.backend.admin.rotateCsrfKey()
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"name":"x"}'))
      controller.close()
    },
  })
  const request = auth.fetch('/api/profile', { method: 'PUT', body, duplex: 'half' } as RequestInit)
  const { error } = await stage.run(request)
  expect(error).toMatchObject({ code: 'not_replayable', status: 403 })
  expect((await stage.write(stage.world.tabs[0]!.app!, 'y')).value?.status).toBe(200)
})

it('where nobody can be asked, a refused write rejects and is not sent again', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  stage.backend.admin.rotateCsrfKey()
  stage.backend.faults.add({ kind: 'unreachable', on: 'session' })
  const { error } = await stage.run(
    app.auth.fetch('/api/profile', { method: 'PUT', body: '{"name":"x"}' }),
    20_000,
  )
  expect(error).toMatchObject({ code: 'network' })
  expect(stage.sent('/api/profile')).toHaveLength(1)
  expect(app.auth.getState().status).toBe('authenticated')
})

it('the token is in no store, no message that leaves the memory, no error and no diagnostic', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  await stage.write(app, 'x')
  const token = stage.sent('/api/profile')[0]!.headers.get('x-csrf-token')!
  expect(token.length).toBeGreaterThan(10)
  const seen = [...stage.world.stored().values(), JSON.stringify(app.auth.getDiagnostics())]
  seen.push(JSON.stringify(app.auth.getState()), JSON.stringify(app.auth))
  expect(seen.join(' ')).not.toContain(token)
})

it('an endpoint that tells whose token it hands out saves the other question', async () => {
  const stage = await stageOf(SOURCES['an endpoint']!)
  await stage.signedIn()
  await stage.world.tabs[0]!.reload()
  await stage.world.advance(1000)
  expect(stage.sent().map(({ url }) => url.pathname)).toEqual(['/auth/csrf'])
  expect(stage.world.tabs[0]!.app!.auth.getState()).toMatchObject({ user: { id: 'ann' } })
})

it.each(['Sitzung 会', 'two\nlines', ' '])(
  'a session id that no header can hold, such as %j, is not sent, and requests go on',
  async (id) => {
    const stage = await createStage()
    stage.backend.faults.add({ kind: 'json', on: 'login', set: { session_id: id } })
    const { auth } = await stage.signedIn()
    expect((await stage.run(auth.fetch('/api/profile'))).value?.status).toBe(200)
    expect(stage.sent('/api/profile')[0]?.headers.has('x-session-id')).toBe(false)
  },
)

it('the meta element is read where no answer brings a token', async () => {
  const stage = await createStage(
    { mode: 'session', session: { csrf: { meta: 'csrf-token' } } },
    { csrf: { token: false } },
  )
  const app = await stage.signedIn()
  Object.assign(app.page.ports.page, {
    meta: (name: string) => (name === 'csrf-token' ? 'of-the-page' : undefined),
  })
  await stage.write(app, 'x')
  expect(stage.sent('/api/profile')[0]?.headers.get('x-csrf-token')).toBe('of-the-page')
})

it('a bearer token is never taken for one', () => {
  const credential = {
    mode: 'token' as const,
    token: 'bearer',
    generation: 1,
    issued: { wall: 0, monotonic: 0 },
    lifetime: 1,
    lead: 0,
  }
  const options = { csrf: { cookie: 'c', rotates: false, header: 'x' } }
  expect(isOvertaken({ options } as never, credential)).toBe(false)
})
