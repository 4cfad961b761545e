/* What a wrong, mistyped or poisoned option may come to: an error at creation, never a password at somebody else's. */
import * as fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { createAuthClient } from '../../../src/client.js'
import type { AuthClientOptions } from '../../../src/options/types.js'
import * as presets from '../../../src/presets.js'
import { ANN, createKit, grant, json, type Kit, ORIGIN, settle } from '../../support/kit.js'
import { errorSaying, saying } from '../../support/words.js'

const API = 'https://api.example.com'

const EVIL = 'https://evil.example'

const CREDENTIALS = { email: 'ann@example.com', password: 'hunter2' }

/** As from JavaScript, where nobody checks types. */
const create = (options: unknown) => () => createAuthClient(options as AuthClientOptions)

/** Where the auth calls of a whole visit went; a client that cannot be made calls nobody. */
async function visit(options: AuthClientOptions): Promise<string[] | TypeError> {
  const sent: string[] = []
  const fetch = (input: string | URL | Request) => {
    sent.push(input instanceof Request ? input.url : String(input))
    return Promise.resolve(grant(1))
  }
  let kit: Kit
  try {
    kit = createKit({ ...options, fetch })
  } catch (error) {
    return error as TypeError
  }
  await kit.auth.ready()
  await kit.auth.login(CREDENTIALS)
  await kit.auth.refresh({ force: true })
  await kit.auth.loginWithRedirect()
  void kit.auth.logout()
  await settle()
  kit.auth.dispose()
  return [...sent, ...kit.navigated]
}

it.each([
  'https://api.example.com//v1',
  'https://api.example.com//v1/',
  'https://api.example.com/v1//',
  'https://api.example.com/\\v1',
  'https://api.example.com/v1//x///y',
  'https://api.example.com/.//v1',
])(
  'R106 baseUrl %s is refused, since two slashes at the head of a path are the name of another host',
  (baseUrl) => {
    const message =
      'Failed to create the auth client: "baseUrl" must be a URL without query, fragment and "//" in its path.'
    for (const value of [baseUrl, new URL(baseUrl)]) {
      expect(create({ baseUrl: value })).toThrow(TypeError)
      expect(create({ baseUrl: value })).toThrow('"baseUrl"')
      expect(create({ baseUrl: value })).toThrow(errorSaying(message))
    }
    expect(create({ baseUrl: 'https://api.example.com/v1' })).not.toThrow()
  },
)

it('R106 whatever path the base and the endpoints have, no auth call leaves the origin of the base', async () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '//',
      '\\',
      '.',
      '..',
      '/.',
      '/..',
      '@',
      ':',
      ':80',
      '?',
      '?x=1',
      '#',
      '%2f',
      '%5c',
      '%2e%2e',
      ' ',
    ],
    ...[
      '\t',
      '\n',
      'v1',
      'auth',
      'evil.example',
      'https:',
      'https://evil.example',
      'javascript:',
      ';',
      '[::1]',
    ],
  )
  const text = fc.oneof(
    fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
    fc.string(),
  )
  const rooted = fc.oneof({ weight: 3, arbitrary: text.map((rest) => `/${rest}`) }, text)
  const options = fc.record({ base: rooted, login: rooted, refresh: rooted, logout: rooted, session: rooted })
  let made = 0
  await fc.assert(
    fc.asyncProperty(options, async ({ base, ...endpoints }) => {
      const went = await visit({ baseUrl: API + base, endpoints: { ...endpoints, start: endpoints.login } })
      if (went instanceof TypeError) {
        expect(went.message).toMatch(/"(baseUrl|endpoints\.\w+)"/)
        expect(went.message).toEqual(saying(/^Failed to create the auth client: "[\w.]+" must be /))
        return
      }
      made++
      expect(went.length).toBeGreaterThan(3)
      const { pathname } = new URL(API + base)
      for (const url of went) {
        expect(new URL(url).origin).toBe(new URL(API + base).origin)
        // A path that climbs is the developer's own; it stays on the origin all the same.
        if (!/\.|%2e/i.test(url + JSON.stringify(endpoints)))
          expect(new URL(url).pathname).toContain(pathname)
      }
    }),
    { numRuns: 400 },
  )
  expect(made).toBeGreaterThan(20)
})

it('R106 an endpoint of a page without baseUrl stays on the page’s origin', async () => {
  const went = await visit({ endpoints: { login: '/.//evil.example', refresh: '/a/..//evil.example/x' } })
  expect((went as string[]).map((url) => new URL(url).origin)).toEqual((went as string[]).map(() => ORIGIN))
})

/** Every name of an option, and what would hurt there. */
const POISON: Record<string, unknown> = {
  baseUrl: EVIL,
  allowedOrigins: [EVIL],
  endpoints: { login: '/evil', refresh: '/evil', logout: '/evil', session: '/evil', start: '/evil' },
  login: '/evil/login',
  refresh: '/evil/refresh',
  logout: '/evil/logout',
  start: '/evil/start',
  session: { idHeader: 'X-Evil', csrf: { cookie: 'evil' } },
  csrf: '/evil/csrf',
  user: '/evil/user',
  mode: 'session',
  key: 'evil',
  fetch: () => Promise.reject(new Error('evil')),
  staticHeader: ['X-Evil', '1'],
  idHeader: 'X-Evil',
  header: 'X-Evil',
  cookie: 'evil',
  meta: 'evil',
  field: 'evil',
  rotates: true,
  chosen: true,
  parseUser: () => ({ id: 'evil' }),
  getUserId: () => 'evil',
  parseAnswer: () => ({ accessToken: 'evil', user: { id: 'evil' } }),
  errorCode: () => 'session_revoked',
  isUnauthorized: () => true,
  refusals: [{ status: 500, reason: 'revoked' }],
  code: 'evil',
  hint: { cookie: 'evil' },
  restore: 'never',
  tabs: { shareToken: false },
  shareToken: false,
  hintCookie: 'evil',
  timeouts: { request: 1 },
  retry: { base: 1 },
  development: true,
  returnToParameter: 'evil',
  authRoutes: ['/'],
  refreshMargin: 1e9,
  minValidity: 1e9,
  defaultLifetime: 1,
  redirectInFrame: true,
  hideOnRestore: true,
  '0': EVIL,
}

/** Names that requests have, too, which the platform reads from a prototype: there at creation alone. */
const OF_REQUESTS = ['mode', 'csrf']

function poison(): void {
  for (const [name, value] of Object.entries(POISON))
    Reflect.defineProperty(Object.prototype, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: true,
    })
  onTestFinished(() => cleanse())
}

function cleanse(names = Object.keys(POISON)): void {
  for (const name of names) Reflect.deleteProperty(Object.prototype, name)
}

interface Trace {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: unknown
}

/** What a sign-in, a call, a renewal and a sign-out send; made and run while `Object.prototype` is poisoned, if at all. */
async function trace(poisoned: boolean, options: AuthClientOptions, session: boolean): Promise<Trace[]> {
  const sent: Request[] = []
  const fetch = (input: string | URL | Request, init?: RequestInit) => {
    const { method = 'GET', headers = {}, body = null } = init ?? {}
    sent.push(
      input instanceof Request
        ? new Request(input, { headers: input.headers })
        : new Request(input, { method, headers, body }),
    )
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    if (pathname === '/v1/auth/logout') return Promise.resolve(json(null))
    return Promise.resolve(session ? json({ user: ANN, csrf_token: 'c1', session_id: 's1' }) : grant(1))
  }
  const kit = createKit()
  kit.auth.dispose()
  if (poisoned) poison()
  const auth = kit.another({ baseUrl: `${API}/v1`, fetch, ...options })
  cleanse(OF_REQUESTS)
  await auth.ready()
  await auth.login(CREDENTIALS)
  await auth.fetch(`${API}/orders`, { method: 'POST', body: 'x' })
  await auth.fetch(`${EVIL}/orders`)
  await auth.refresh({ force: true })
  await auth.logout()
  await settle()
  auth.dispose()
  cleanse()
  return Promise.all(
    sent.map(async (request) => ({
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    })),
  )
}

function holed(origin: string): string[] {
  const origins: string[] = []
  origins[1] = origin
  return origins
}

it.each<[string, AuthClientOptions, boolean]>([
  ['no option', {}, false],
  ['groups that say nothing', { endpoints: {}, session: {}, timeouts: {}, retry: {}, tabs: {} }, false],
  ['session mode', { mode: 'session', session: { csrf: {} } }, true],
  [
    'refusals',
    { refusals: [{ status: 401, reason: 'expired' }], session: { csrf: { refusals: [] } } },
    false,
  ],
  ['a list with a hole', { allowedOrigins: holed('https://files.example.com') }, false],
])(
  'R106 a polluted Object.prototype changes nothing of what is sent where: %s',
  async (_name, options, session) => {
    const clean = await trace(false, options, session)
    expect(clean.length).toBeGreaterThan(4)
    expect(await trace(true, options, session)).toEqual(clean)
  },
)

it('R106 a URL object is an address, whose members are not its own', async () => {
  const went = await visit({ baseUrl: new URL('https://api.example.com/v1') })
  expect(went).toContain('https://api.example.com/v1/auth/login')
})

it.each<[unknown, string, string]>([
  [{ baseURL: API }, 'baseURL', 'baseUrl'],
  [{ baseurl: API }, 'baseurl', 'baseUrl'],
  [{ timeouts: { reqest: 5 } }, 'timeouts.reqest', 'timeouts.request'],
  [{ timeout: { request: 5 } }, 'timeout', 'timeouts'],
  [{ endpoint: {} }, 'endpoint', 'endpoints'],
  [{ endpoints: { signin: '/x', logn: '/x' } }, 'endpoints.signin', 'endpoints.login'],
  [{ allowedOrigin: [API] }, 'allowedOrigin', 'allowedOrigins'],
  [{ alowedOrigns: [API] }, 'alowedOrigns', 'allowedOrigins'],
  [{ session: { csfr: {} } }, 'session.csfr', 'session.csrf'],
  [{ session: { csrf: { cookies: 'x' } } }, 'session.csrf.cookies', 'session.csrf.cookie'],
  [
    { session: { csrf: { refusals: [{ statuss: 403 }] } } },
    'session.csrf.refusals[0].statuss',
    'session.csrf.refusals[0].status',
  ],
  [{ refusals: [{ status: 401, reson: 'expired' }] }, 'refusals[0].reson', 'refusals[0].reason'],
  [{ hint: { cooke: 'x' } }, 'hint.cooke', 'hint.cookie'],
  [{ tabs: { shareTokens: true } }, 'tabs.shareTokens', 'tabs.shareToken'],
  [{ retry: { bse: 5 } }, 'retry.bse', 'retry.base'],
  [{ developement: true }, 'developement', 'development'],
  [{ parserUser: undefined }, 'parserUser', 'parseUser'],
])('R108 %j is refused, and the nearest name is shown', (options, wrong, right) => {
  expect(create(options)).toThrow(TypeError)
  expect(create(options)).toThrow(`"${wrong}"`)
  const message = `Failed to create the auth client: there is no option "${wrong}". The nearest is "${right}".`
  expect(create(options)).toThrow(errorSaying(message))
})

it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
  'R108 %s is no option, at any depth',
  (name) => {
    for (const depth of ['', 'endpoints', 'timeouts', 'retry', 'tabs', 'session', 'hint']) {
      const own: unknown = JSON.parse(`{"${name}": {"baseUrl": "${EVIL}"}}`)
      const option = depth ? `${depth}.${name}` : name
      expect(create(depth ? { [depth]: own } : own)).toThrow(`o option "${option}"`)
    }
  },
)

it('R108 every preset, and every option that is known, is taken', () => {
  for (const preset of Object.values(presets)) expect(create({ ...preset, baseUrl: API })).not.toThrow()
})

it.each([
  'https://*.example.com',
  'https://*',
  'https://api.*.com',
  'https://api-*.example.com',
  'https://{tenant}.example.com',
  'https://$HOST',
  'https://.example.com',
  'https://a.example.com,b.example.com',
  'http://*.localhost',
])('R108 %s is no origin, since a pattern would be one that nobody has', (origin) => {
  expect(create({ allowedOrigins: [origin] })).toThrow(TypeError)
  const message =
    'must be an https URL, or http on a loopback host, of one host by its name, without wildcards.'
  for (const [options, option] of [
    [{ allowedOrigins: [API, origin] }, 'allowedOrigins[1]'],
    [{ baseUrl: origin }, 'baseUrl'],
  ] as const) {
    expect(create(options)).toThrow(`"${option}"`)
    expect(create(options)).toThrow(errorSaying(`Failed to create the auth client: "${option}" ${message}`))
  }
})

it.each([
  'https://xn--bcher-kva.example',
  'https://my_host.example.com:8443',
  'https://example.com.',
  'http://[::1]:3000',
  'https://[2001:db8::1]',
  'https://192.168.0.5',
  'http://localhost:3000',
])('R108 %s is one', (origin) => {
  expect(create({ allowedOrigins: [origin] })).not.toThrow()
})

it('R72 a path of the base URL goes before the paths of the endpoints', async () => {
  const kit = createKit({ baseUrl: 'https://api.example.com/v1/' })
  kit.on('/v1/auth/session', () => json({ user: ANN, mode: 'token' }))
  kit.on('/v1/auth/refresh', () => grant(1))
  await kit.auth.ready()
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  expect([...kit.browser.storage.keys()]).not.toEqual(
    await (async () => {
      const other = createKit({ baseUrl: 'https://api.example.com/v2' })
      other.on('/v2/auth/session', () => json({ user: ANN, mode: 'token' }))
      other.on('/v2/auth/refresh', () => grant(1))
      await other.auth.ready()
      return [...other.browser.storage.keys()]
    })(),
  )
})

it.each([
  ['baseUrl', { baseUrl: 'https://api.example.com/?x=1' }],
  ['baseUrl', { baseUrl: 'https://api.example.com/#y' }],
  ['refusals', { refusals: [{ status: 0, reason: 'expired' as const }] }],
  ['refusals', { refusals: [{ status: 200, reason: 'expired' as const }] }],
  ['staticHeader', { staticHeader: ['X CSRF', '1'] as const }],
  ['staticHeader', { staticHeader: ['X-CSRF', 'a\nb'] as const }],
])('a wrong %s is named at creation: %o', (option, options) => {
  expect(() => createAuthClient(options)).toThrow(new RegExp(`"${option}`))
})
