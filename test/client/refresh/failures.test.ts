/* Answers to a refresh that say nothing about the session. */
import { describe, expect, it } from 'vitest'
import { failure, listen, opaqueRedirect, silence } from '../../support/client.js'
import { type Answer, grant, json, refusal, signedIn } from '../../support/kit.js'

const html = (status: number) => () =>
  new Response('<!doctype html><h1>Blocked</h1>', { status, headers: { 'content-type': 'text/html' } })

const answered = (status: number) => () => json({ error: 'whatever' }, { status })

const INDETERMINATE: [name: string, answer: () => Answer, code: string][] = [
  ['a name that does not resolve', () => new TypeError('Failed to fetch'), 'network'],
  [
    'an answer that CORS blocks',
    () => new TypeError('NetworkError when attempting to fetch resource.'),
    'network',
  ],
  ['an abort by the browser', () => new DOMException('The operation was aborted.', 'AbortError'), 'network'],
  [
    'a time-out of the network',
    () => new DOMException('The operation timed out.', 'TimeoutError'),
    'network',
  ],
  ['no answer at all', silence, 'timeout'],
  [
    'a body that breaks off',
    () => new Response(new ReadableStream({ start: (body) => body.error(new TypeError('terminated')) })),
    'network',
  ],
  ['400 with another code', answered(400), 'invalid_response'],
  ['401 without a code', () => json({}, { status: 401 }), 'invalid_response'],
  ['401 with a page', html(401), 'invalid_response'],
  ['403 with a page', html(403), 'forbidden'],
  ['404', answered(404), 'invalid_response'],
  ['408', answered(408), 'server_error'],
  ['409', answered(409), 'invalid_response'],
  ['425', answered(425), 'server_error'],
  ['429', answered(429), 'rate_limited'],
  ['500', answered(500), 'server_error'],
  ['500 in the words of a refusal', () => refusal('session_revoked', 500), 'server_error'],
  ['502 with a page', html(502), 'server_error'],
  ['503', answered(503), 'server_error'],
  ['504 with a page', html(504), 'server_error'],
  ['200 with a page', html(200), 'invalid_response'],
  ['200 with truncated JSON', () => new Response('{"access_token":"tok'), 'invalid_response'],
  ['200 with nothing', () => new Response(''), 'invalid_response'],
  ['204', () => new Response(null, { status: 204 }), 'invalid_response'],
  ['200 with null', () => json(null), 'invalid_response'],
  ['200 with a list', () => json([grant(2)]), 'invalid_response'],
  ['200 in the words of a refusal', () => refusal('session_revoked', 200), 'invalid_response'],
  ['a redirect', opaqueRedirect, 'redirected'],
  [
    'a redirect that is visible',
    () => new Response(null, { status: 302, headers: { location: '/sign-in' } }),
    'redirected',
  ],
]

describe.each(INDETERMINATE)('%s', (_, answer, code) => {
  it('R12 ERR-07 keeps the session, is told as such, and is tried again', async () => {
    const kit = await signedIn()
    const told = listen(kit.auth)
    kit.on('/auth/refresh', answer)
    const error = failure(kit.auth.refresh({ force: true }))
    await kit.clock.advance(8000)
    expect(await error).toMatchObject({ name: 'AuthError', code })
    expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'ann' } })
    expect(told.ends).toEqual([])
    // The old token is good until its own end, and the next attempt comes by itself.
    expect(await kit.auth.getAccessToken()).toBe('token-1')
    kit.on('/auth/refresh', () => grant(2))
    await kit.clock.advance(20_000)
    expect(await kit.auth.getAccessToken()).toBe('token-2')
    expect(kit.auth.getState()).toMatchObject({
      status: 'authenticated',
      connection: 'ok',
      retryAt: undefined,
    })
    expect(told.ends).toEqual([])
  })
})

it.each(INDETERMINATE.slice(0, 2).concat(INDETERMINATE.slice(9, 10), INDETERMINATE.slice(-9)))(
  'R12 %s at the start leaves the status unknown and is tried again',
  async (_, answer) => {
    const before = await signedIn()
    before.auth.dispose()
    before.on('/auth/refresh', answer)
    const auth = before.another()
    const told = listen(auth)
    const ready = auth.ready()
    await before.clock.advance(500)
    expect(await ready).toMatchObject({ status: 'unknown' })
    before.on('/auth/refresh', () => grant(2))
    await before.clock.advance(60_000)
    expect(auth.getState()).toMatchObject({ status: 'authenticated' })
    expect(told.ends).toEqual([])
  },
)

it.each([
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_request',
  'invalid_scope',
])('ERR-05 %s is a fault of the configuration and ends nothing', async (code) => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => refusal(code, 400))
  const error = await failure(kit.auth.refresh({ force: true }))
  expect(error).toMatchObject({ code: 'invalid_response', status: 400, serverCode: code })
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
})

it('ERR-06 what the server says about an error is neither in ours nor followed', async () => {
  const kit = await signedIn()
  const hostile = {
    error: 'server_error',
    error_description: '<img src=x onerror=alert(1)>',
    error_uri: 'https://evil.example/help',
  }
  kit.on('/auth/refresh', () => json(hostile, { status: 500 }))
  const error = await failure(kit.auth.refresh({ force: true }))
  const said = JSON.stringify([
    String(error),
    Object.entries(error as object),
    kit.auth.getDiagnostics(),
    kit.auth.getState(),
  ])
  expect(said).not.toMatch(/onerror|evil/)
  expect(kit.requests.filter(({ url }) => url.includes('evil'))).toEqual([])
  expect(kit.navigated).toEqual([])
})
