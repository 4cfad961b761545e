import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { createAuthClient } from '../../src/client.js'
import { DEFAULT_REFUSALS, type ResolvedOptions, resolveOptions } from '../../src/options/resolve.js'
import type { AuthClientOptions } from '../../src/options/types.js'
import { isLoopback } from '../../src/options/urls.js'

/** As from JavaScript, where nobody checks types. */
const resolve = (options: unknown): ResolvedOptions => resolveOptions(options as AuthClientOptions)

const NONE = [null, 5, Number.NaN, true, '', {}, [], () => {}, Symbol('s')]
const without = (...allowed: ((value: unknown) => boolean)[]) =>
  NONE.filter((value) => !allowed.some((is) => is(value)))
const isArray = (value: unknown) => Array.isArray(value)
const isObject = (value: unknown) => typeof value === 'object' && value !== null
const isFunction = (value: unknown) => typeof value === 'function'
const isBoolean = (value: unknown) => typeof value === 'boolean'
const isPositive = (value: unknown) => typeof value === 'number' && value > 0

const WRONG: Record<string, unknown[]> = {
  baseUrl: without(),
  allowedOrigins: without(isArray),
  endpoints: without(isObject),
  key: without(),
  staticHeader: [...without(), ['X-CSRF'], ['X-CSRF', '1', '2'], ['', '1'], ['X-CSRF', 1], 'X-CSRF'],
  parseUser: without(isFunction),
  getUserId: without(isFunction),
  parseAnswer: without(isFunction),
  errorCode: without(isFunction),
  fetch: without(isFunction),
  refusals: [
    ...without(isArray),
    [null],
    [401],
    [{}],
    [{ status: '401', reason: 'expired' }],
    [{ status: 401 }],
    [{ status: 401, reason: 'because' }],
    [{ status: 401, reason: 'none' }],
    [{ status: 401, reason: 'expired', code: 5 }],
    [{ status: 401, reason: 'expired', code: null }],
  ],
  restore: [...without(), 'AUTO', 'sometimes'],
  hint: [...without(), { cookie: '' }, { cookie: 5 }, 'signed_in'],
  refreshMargin: [...without(isPositive), -1, Infinity, '60'],
  minValidity: [...without(isPositive), -1, Infinity, '10'],
  defaultLifetime: [...without(isPositive), 0, -1, Infinity, '300'],
  timeouts: without(isObject),
  retry: without(isObject),
  replay: [...without(isFunction), 'none', 'ALL'],
  tabs: without(isObject),
  authRoutes: [...without(isArray), ['sign-in'], ['//sign-in'], [''], [5], ['https://a.example/sign-in']],
  development: without(isBoolean),
  mode: [...without(), 'TOKEN', 'cookie'],
  session: without(isObject),
  isUnauthorized: without(isFunction),
  diagnosticPath: without(isFunction),
  returnToParameter: without(),
  redirectInFrame: without(isBoolean),
}
const CASES = Object.entries(WRONG).flatMap(([option, values]) =>
  values.map((value) => [option, inspect(value), value] as const),
)

it.each(CASES)(
  '%s: %s throws a TypeError that names the option and says what it must be',
  (option, _text, value) => {
    const message = `Failed to create the auth client: "${option}`
    expect(() => resolve({ [option]: value })).toThrow(TypeError)
    expect(() => resolve({ [option]: value })).toThrow(message)
    expect(() => resolve({ [option]: value })).toThrow(/ must be (an?|zero|"|true)/)
  },
)

const NESTED = [
  ...['request', 'lock', 'ready', 'sessionEnd'].map((name) => ['timeouts', name] as const),
  ...['base', 'cap'].map((name) => ['retry', name] as const),
]
it.each(NESTED)('%s.%s takes a number of milliseconds above zero and nothing else', (group, name) => {
  for (const value of [null, '5', 0, -1, Number.NaN, Infinity, {}]) {
    expect(() => resolve({ [group]: { [name]: value } })).toThrow(`"${group}.${name}" must be`)
  }
  expect(resolve({ [group]: { [name]: 5 } })[group]).toMatchObject({ [name]: 5 })
})

it.each<[string, unknown[], unknown]>([
  ['idHeader', [null, '', 5, true, 'two words', {}], 'X-Session'],
  ['revalidateAfter', [null, '5', -1, Number.NaN, Infinity, true], 5],
  ['csrf', [null, 5, true, '', 'header'], 'static-header'],
])('session.%s says what it must be', (name, wrong, right) => {
  for (const value of wrong) {
    expect(() => resolve({ session: { [name]: value } }), String(value)).toThrow(/"session[.\w]*" must be/)
  }
  expect(() => resolve({ session: { [name]: right } })).not.toThrow()
})

it.each<[string, unknown[], unknown]>([
  ['header', [null, '', 5, 'two words'], 'X-XSRF-TOKEN'],
  ['cookie', [null, '', 5], 'csrftoken'],
  ['meta', [null, '', 5], 'csrf-token'],
  ['field', [null, '', 5], 'csrfToken'],
  ['rotates', [null, '', 5, 'yes'], true],
  ['refusals', [null, {}, [null], [{ status: 200 }], [{ status: 403, code: 5 }]], [{ status: 403 }]],
])('session.csrf.%s says what it must be', (name, wrong, right) => {
  for (const value of wrong) {
    expect(() => resolve({ session: { csrf: { [name]: value } } }), String(value)).toThrow(
      new RegExp(`"session\\.csrf\\.${name}(\\[0\\])?" must be`),
    )
  }
  expect(resolve({ session: { csrf: { [name]: right } } }).csrf).toMatchObject({
    chosen: true,
    [name]: right,
  })
})

it('what is said about sessions is kept, and the rest has its default', () => {
  expect(resolve({})).toMatchObject({ mode: undefined, idHeader: 'X-Session-Id', revalidateAfter: 300_000 })
  expect(resolve({}).csrf).toMatchObject({ chosen: false, header: 'X-CSRF-Token' })
  expect(resolve({}).csrf.cookie).toBeUndefined()
  expect(resolve({ mode: 'auto' }).mode).toBeUndefined()
  expect(resolve({ mode: 'session', session: { csrf: 'static-header', idHeader: false } })).toMatchObject({
    mode: 'session',
    idHeader: false,
    csrf: { chosen: true, header: undefined },
  })
  expect(resolve({ session: { revalidateAfter: false } }).revalidateAfter).toBe(Infinity)
})

it('session mode needs the session endpoint', () => {
  expect(() => resolve({ mode: 'session', endpoints: { session: false } })).toThrow(
    '"endpoints.session" must be',
  )
})

it.each(['login', 'refresh', 'logout', 'session', 'user', 'start'])(
  'endpoints.%s takes a path and nothing else',
  (name) => {
    const wrong = [
      null,
      5,
      true,
      '',
      'auth',
      './auth',
      'https://evil.example/auth',
      '//evil.example/auth',
      '/\\evil.example/auth',
      '\\/evil.example',
      '/\t/evil.example/auth',
      '/\n/evil.example/auth',
      '/\r\n\\evil.example/auth',
      ...(name === 'session' || name === 'user' ? [] : [false]),
    ]
    for (const value of wrong) {
      expect(() => resolve({ endpoints: { [name]: value } }), String(value)).toThrow(
        `"endpoints.${name}" must be a path`,
      )
    }
    expect(resolve({ endpoints: { [name]: '/v1/auth' } }).endpoints).toMatchObject({ [name]: '/v1/auth' })
  },
)

it('tabs.shareToken takes a boolean and nothing else', () => {
  expect(() => resolve({ tabs: { shareToken: 'no' } })).toThrow('"tabs.shareToken" must be a boolean')
  expect(resolve({ tabs: { shareToken: false } }).shareToken).toBe(false)
  expect(resolve({ tabs: {} }).shareToken).toBe(true)
})

it.each([null, 5, 'x', true])('%s as all options is a TypeError', (value) => {
  expect(() => resolve(value)).toThrow(TypeError)
  expect(() => createAuthClient(value as unknown as AuthClientOptions)).toThrow('"options" must be an object')
})

it('an explicit undefined means the default, at every level', () => {
  const names = [...Object.keys(WRONG)]
  const plain = resolve({})
  const explicit = resolve(Object.fromEntries(names.map((name) => [name, undefined])))
  const nested = resolve({
    endpoints: {
      login: undefined,
      refresh: undefined,
      logout: undefined,
      session: undefined,
      user: undefined,
      start: undefined,
    },
    timeouts: { request: undefined, lock: undefined, ready: undefined, sessionEnd: undefined },
    retry: { base: undefined, cap: undefined },
    tabs: { shareToken: undefined },
  })
  const shape = (options: ResolvedOptions) => JSON.stringify(options)
  expect(shape(explicit)).toBe(shape(plain))
  expect(shape(nested)).toBe(shape(plain))
  expect(resolve(undefined).endpoints).toEqual(plain.endpoints)
  expect(plain).toMatchObject({
    baseUrl: undefined,
    staticHeader: ['X-CSRF', '1'],
    refusals: DEFAULT_REFUSALS,
    restore: 'auto',
    refreshMargin: 60,
    minValidity: 10,
    defaultLifetime: 300,
    timeouts: { request: 8000, lock: 10_000, ready: 10_000, sessionEnd: 5000 },
    retry: { base: 1000, cap: 60_000 },
  })
})

it.each([
  'http://api.example.com',
  'http://192.168.0.5:3000',
  'http://10.0.0.1',
  'http://localhost.example.com',
  'http://127.0.0.1.example.com',
  'http://notlocalhost',
  'http://[::2]',
  'http://0.0.0.0',
  'ftp://localhost',
  'ws://localhost',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'data:text/plain,x',
  'blob:https://api.example.com/x',
])('SEC-18 %s is refused, as base and as allowed origin', (url) => {
  expect(() => resolve({ baseUrl: url })).toThrow(
    /"baseUrl" must be an https URL, or http on a loopback host/,
  )
  expect(() => resolve({ allowedOrigins: [url] })).toThrow(/"allowedOrigins\[0\]" must be/)
})

it.each([
  'http://localhost',
  'http://localhost:3000',
  'http://app.localhost:3000',
  'http://127.0.0.1:8080',
  'http://127.8.9.10',
  'http://[::1]:3000',
  'https://api.example.com',
  'https://localhost',
])('SEC-18 %s is accepted', (url) => {
  expect(resolve({ baseUrl: url }).baseUrl?.origin).toBe(url)
  expect(resolve({ baseUrl: new URL(url) }).baseUrl?.origin).toBe(url)
  expect(resolve({ allowedOrigins: [url] }).allowedOrigins).toEqual([url])
})

it('SEC-18 other spellings of a loopback address are known once the URL is parsed', () => {
  for (const host of ['127.1', '0x7f.0.0.1', '2130706433', 'LOCALHOST', '%6cocalhost']) {
    expect(isLoopback(new URL(`http://${host}`).hostname), host).toBe(true)
  }
})

it('a base with user or password is refused, without repeating it', () => {
  for (const url of [
    'https://ann:hunter2@api.example.com',
    'https://ann@api.example.com',
    'https://:hunter2@x.y',
  ]) {
    expect(() => resolve({ baseUrl: url })).toThrow(/"baseUrl" must be an absolute URL/)
    expect(() => resolve({ baseUrl: url })).not.toThrow(/hunter2/)
    expect(() => resolve({ allowedOrigins: [url] })).toThrow(/"allowedOrigins\[0\]"/)
  }
})

it.each([
  ['a path', 'https://files.example.com/x', 'https://files.example.com'],
  ['a slash at the end', 'https://files.example.com/', 'https://files.example.com'],
  ['a query', 'https://files.example.com?x', 'https://files.example.com'],
  ['a default port', 'https://files.example.com:443', 'https://files.example.com'],
  ['capitals', 'https://FILES.example.com', 'https://files.example.com'],
  ['blanks around it', ' https://files.example.com ', 'https://files.example.com'],
])('SEC-08 an allowed origin with %s is refused, and the right one is shown', (_name, value, right) => {
  expect(() => resolve({ allowedOrigins: ['https://ok.example.com', value] })).toThrow(
    `"allowedOrigins[1]" must be an origin without path, such as "${right}"`,
  )
})

it.each(['*', 'null', '', 'files.example.com', '//files.example.com', '*.example.com'])(
  'SEC-08 "%s" is no allowed origin',
  (value) => {
    expect(() => resolve({ allowedOrigins: [value] })).toThrow('"allowedOrigins[0]"')
  },
)

it('SEC-08 an allowed origin that is no text is refused', () => {
  for (const value of [new URL('https://a.example'), 5, null, ['https://a.example']]) {
    expect(() => resolve({ allowedOrigins: [value] })).toThrow('"allowedOrigins[0]" must be an ')
  }
})

it('a URL object that is changed later changes nothing', () => {
  const url = new URL('https://api.example.com')
  const { baseUrl } = resolve({ baseUrl: url })
  url.host = 'evil.example'
  expect(baseUrl?.origin).toBe('https://api.example.com')
})

it.each([
  ['', '{"__proto__": {"baseUrl": "http://evil.example", "allowedOrigins": ["https://evil.example"]}}'],
  ['endpoints.', '{"endpoints": {"__proto__": {"refresh": "/evil"}}}'],
  ['tabs.', '{"tabs": {"__proto__": {"shareToken": false}}}'],
])('AV-27 options under __proto__ of parsed JSON are no options: %s', (depth, text) => {
  expect(() => resolve(JSON.parse(text))).toThrow(`there is no option "${depth}__proto__"`)
  expect(Object.keys(Object.prototype)).toEqual([])
})

it('AV-27 user, error and answer are read from own members only', () => {
  const { getUserId, errorCode, parseAnswer } = resolve({})
  expect(getUserId(JSON.parse('{"__proto__": {"sub": "admin"}, "id": "ann"}'))).toBe('ann')
  expect(getUserId(JSON.parse('{"__proto__": {"sub": "admin", "id": "admin"}}'))).toBeUndefined()
  expect(getUserId(Object.create({ sub: 'admin' }))).toBeUndefined()
  expect(errorCode(JSON.parse('{"__proto__": {"error": "session_expired"}}'))).toBeUndefined()
  expect(parseAnswer(JSON.parse('{"__proto__": {"access_token": "t"}}'), 'refresh')).toMatchObject({
    accessToken: undefined,
  })
})

it.each([null, undefined, 5, 'text', true, [], [{ access_token: 't' }]])(
  'an answer that is %j is none',
  (body) => {
    const { parseAnswer, errorCode, getUserId } = resolve({})
    expect(parseAnswer(body, 'refresh')).toBeUndefined()
    expect(errorCode(body)).toBeUndefined()
    expect(getUserId(body)).toBeUndefined()
  },
)

it('who it is: sub before id, and only what is there', () => {
  const { getUserId } = resolve({})
  expect(getUserId({ sub: 's', id: 'i' })).toBe('s')
  expect(getUserId({ sub: null, id: 7 })).toBe(7)
  expect(getUserId({ name: 'Ann' })).toBeUndefined()
})

it('the error code is a text in `error`, else in `code`', () => {
  const { errorCode } = resolve({})
  expect(errorCode({ error: 'session_expired', code: 'x' })).toBe('session_expired')
  expect(errorCode({ code: 'session_expired' })).toBe('session_expired')
  expect(errorCode({ error: { code: 'x' } })).toBeUndefined()
})

it('the fetch of the options is called as a function, as the browser’s own must be', async () => {
  const seen: unknown[] = []
  function fetch(this: unknown): Promise<Response> {
    seen.push(this)
    return Promise.resolve(new Response())
  }
  const options = resolve({ fetch })
  await options.fetch('https://api.example.com')
  expect(seen).toEqual([undefined])
})

it('R61 the global fetch is looked up at each call and never replaced', async () => {
  const original = globalThis.fetch
  const options = resolve({})
  try {
    globalThis.fetch = () => Promise.resolve(new Response('mock'))
    expect(await (await options.fetch('https://api.example.com')).text()).toBe('mock')
  } finally {
    globalThis.fetch = original
  }
  createAuthClient()
  expect(globalThis.fetch).toBe(original)
})

it.each([
  [{ error: 'session_expired' }, 'session_expired'],
  [{ code: 'token_not_valid' }, 'token_not_valid'],
  [{ error: 'Unauthorized', code: 'FST_JWT_EXPIRED', statusCode: 401 }, 'FST_JWT_EXPIRED'],
  [{ error: 'Bad Request', code: 'E_VALIDATION' }, 'E_VALIDATION'],
  [{ error: 'session_revoked', code: 'OTHER' }, 'session_revoked'],
  [{ error: { message: 'no' }, code: 'INVALID' }, 'INVALID'],
  [{ error: 'session_expired', code: 401 }, 'session_expired'],
  [{ error: 'Unauthorized' }, 'Unauthorized'],
  [{ error: true, code: 7 }, undefined],
])('R12 the code of %j is %s', (body, code) => {
  expect(resolve({}).errorCode(body)).toBe(code)
})
