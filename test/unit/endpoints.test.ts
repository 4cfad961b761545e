import { expect, it } from 'vitest'
import { resolveOptions } from '../../src/options/resolve.js'
import type { AuthClientOptions } from '../../src/options/types.js'
import { Context } from '../../src/plumbing/context.js'
import { baseUrl, call, endpointUrl, parseRetryAfter } from '../../src/wire/endpoints.js'
import { createKit, json, ManualClock, ORIGIN } from '../support/kit.js'

const NOW = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT')

it.each<[string, string | null, number | undefined]>([
  ['no header', null, undefined],
  ['an empty one', '', undefined],
  ['seconds', '120', 120_000],
  ['zero', '0', 0],
  ['seconds with blanks', ' 30\t', 30_000],
  ['a day, cut to ten minutes', '86400', 600_000],
  ['more digits than a number can hold', '9'.repeat(400), 600_000],
  ['a date', 'Wed, 21 Oct 2026 07:29:30 GMT', 90_000],
  ['a date of long ago', 'Fri, 01 Jan 1999 00:00:00 GMT', 0],
  ['a date in a hundred years, cut to ten minutes', 'Wed, 21 Oct 2126 07:28:00 GMT', 600_000],
  ['a date in the form of RFC 850', 'Wednesday, 21-Oct-26 07:28:10 GMT', 10_000],
  ['words', 'in a while', undefined],
  ['HTML', '<b>1</b>', undefined],
])('R13 Retry-After: %s', (_name, value, expected) => {
  expect(parseRetryAfter(value, NOW)).toBe(expected)
})

/** A page whose network answers what the test says, without a whole client. */
function page(options: AuthClientOptions, clock = new ManualClock()): Context {
  const { ports } = createKit({}, { clock })
  return new Context(ports, resolveOptions(options), 'test')
}

it('the page’s origin is the base, whatever its path', () => {
  expect(endpointUrl(page({}), 'refresh')).toBe(`${ORIGIN}/auth/refresh`)
  expect(baseUrl(page({}))?.origin).toBe(ORIGIN)
})

it('the base of the options comes before the page', () => {
  const context = page({ baseUrl: 'https://api.example.com:8443', endpoints: { refresh: '/v1/token?x=1' } })
  expect(endpointUrl(context, 'refresh')).toBe('https://api.example.com:8443/v1/token?x=1')
})

it('an endpoint the backend does not have has no URL, and so has one without any base', () => {
  expect(endpointUrl(page({ endpoints: { session: false } }), 'session')).toBeUndefined()
  const { ports } = createKit()
  const nowhere = {
    options: resolveOptions({}),
    ports: { ...ports, page: { ...ports.page, url: () => undefined } },
  }
  expect(endpointUrl(nowhere as unknown as Context, 'refresh')).toBeUndefined()
})

it.each(['/.//evil.example', '/a/..//evil.example', '/%2f/evil.example', '/@evil.example', '/:80/x'])(
  'SEC-08 an endpoint such as %s stays on the origin it was configured for',
  (path) => {
    const url = endpointUrl(page({ baseUrl: 'https://api.example.com', endpoints: { login: path } }), 'login')
    expect(new URL(url!).origin).toBe('https://api.example.com')
  },
)

it('BBA-13 ROT-06 ERR-01 AV-11 a call goes out with the static header, cookies and no cache, and follows no redirect', async () => {
  const sent: [string, RequestInit][] = []
  const context = page({
    staticHeader: ['X-Mine', 'yes'],
    fetch: (input, init) => {
      sent.push([input as string, init ?? {}])
      return Promise.resolve(json({ ok: true }))
    },
  })
  await call(context, { endpoint: 'refresh', method: 'POST' })
  const [url, init] = sent[0]!
  expect(url).toBe(`${ORIGIN}/auth/refresh`)
  expect(init).toMatchObject({
    method: 'POST',
    credentials: 'include',
    cache: 'no-store',
    redirect: 'manual',
    keepalive: true,
  })
  expect(init.signal).toBeUndefined()
  expect(init.body).toBeUndefined()
  expect(new Headers(init.headers).get('x-mine')).toBe('yes')
})

/** The same, where only the answer matters. */
const answering = (answer: () => Promise<Response>, clock?: ManualClock) => page({ fetch: answer }, clock)

it.each<[string, () => Promise<Response>]>([
  ['a network error', () => Promise.reject(new TypeError('Failed to fetch'))],
  ['an abort', () => Promise.reject(new DOMException('x', 'AbortError'))],
  [
    'a fetch that throws at once',
    () => {
      throw new TypeError('x')
    },
  ],
  ['something that is no error', () => Promise.reject(Object.create(null) as Error)],
])('a call never rejects: %s is a fault in its reply', async (_name, answer) => {
  const reply = await call(answering(answer), { endpoint: 'session', method: 'GET' })
  expect(reply.fault).toBeDefined()
  expect(reply).toMatchObject({ status: 0, redirected: false })
  expect([reply.body, reply.code, reply.retryAfter]).toEqual([undefined, undefined, undefined])
})

it.each<[string, Response, Record<string, unknown>]>([
  ['JSON', json({ error: 'session_expired' }, { status: 401 }), { status: 401, code: 'session_expired' }],
  [
    'HTML with status 200',
    new Response('<!doctype html>'),
    { status: 200, body: undefined, code: undefined },
  ],
  ['nothing', new Response(null, { status: 204 }), { status: 204, body: undefined, code: undefined }],
  ['truncated JSON', new Response('{"access_token":"abc'), { body: undefined, code: undefined }],
  ['null', json(null), { body: null, code: undefined }],
  ['a redirect', new Response(null, { status: 302 }), { status: 302, redirected: true }],
  ['a wait', json({}, { status: 429, headers: { 'retry-after': '7' } }), { status: 429, retryAfter: 7000 }],
  [
    'AV-27 a code under __proto__',
    new Response('{"__proto__":{"error":"session_expired"}}'),
    { code: undefined },
  ],
])('an answer is read as what it is: %s', async (_name, response, expected) => {
  const reply = await call(
    answering(() => Promise.resolve(response)),
    { endpoint: 'refresh', method: 'POST' },
  )
  expect(reply).toMatchObject({ ...expected, fault: undefined })
})

it('ROT-06 where keepalive is refused at once by the browser’s quota, the refresh goes without it', async () => {
  const seen: (boolean | undefined)[] = []
  const context = page({
    fetch: (_input, init) => {
      seen.push(init?.keepalive)
      return init?.keepalive ? Promise.reject(new TypeError('quota')) : Promise.resolve(json({}))
    },
  })
  expect(await call(context, { endpoint: 'refresh', method: 'POST' })).toMatchObject({ status: 200 })
  expect(seen).toEqual([true, false])
})

it('a refresh that failed on its way is not sent a second time', async () => {
  const clock = new ManualClock()
  let count = 0
  const context = answering(() => {
    count++
    clock.time += 500
    return Promise.reject(new TypeError('Failed to fetch'))
  }, clock)
  expect((await call(context, { endpoint: 'refresh', method: 'POST' })).fault).toBeInstanceOf(TypeError)
  expect(count).toBe(1)
})

it('ERR-02 a reply remembers when its request left, not when it arrived', async () => {
  const clock = new ManualClock()
  const before = { wall: clock.wall(), monotonic: clock.monotonic() }
  const context = answering(() => {
    clock.time += 7000
    return Promise.resolve(json({}))
  }, clock)
  expect((await call(context, { endpoint: 'refresh', method: 'POST' })).sentAt).toEqual(before)
})
