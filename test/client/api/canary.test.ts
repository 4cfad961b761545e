/*
 * A token, a password and a cookie value that would be recognised anywhere, and every flow there is: they may turn up in
 * the Authorization header, in the body of the login and, where sharing is on, in the message to the other tabs.
 */
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Channels, Ports } from '../../../src/core/ports.js'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { createApi } from '../../../src/ky.js'
import {
  ANN,
  BOB,
  createKit,
  grant,
  json,
  type Kit,
  refusal,
  type SentRequest,
  settle,
} from '../../support/kit.js'
import { STORED_MEMBERS } from '../../support/stored.js'
import { gate } from '../../support/client.js'

const CANARY = 'kanarienvogel'
const TOKEN = `${CANARY}-token`
const PASSWORD = `${CANARY}-password`
const COOKIE = `${CANARY}-cookie`

interface Cage {
  readonly kit: Kit
  /** All that somebody else than us and the server could come to see. */
  readonly visible: unknown[]
  readonly messages: unknown[]
  readonly names: string[]
  /** Waits for the call, by the clock, and keeps what it rejects with. */
  run(call: Promise<unknown>): Promise<void>
}

const consoleCalls: unknown[] = []
const reported: unknown[] = []
const unhandled = (reason: unknown): void => void reported.push(reason)

beforeEach(() => {
  consoleCalls.length = 0
  reported.length = 0
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'table', 'dir'] as const)
    vi.spyOn(console, method).mockImplementation((...parts: unknown[]) => void consoleCalls.push(parts))
  vi.stubGlobal('reportError', (error: unknown) => void reported.push(error))
  process.on('unhandledRejection', unhandled)
})
afterEach(() => void process.off('unhandledRejection', unhandled))

function cage(options: AuthClientOptions = {}, { memoryOnly = true } = {}): Cage {
  const messages: unknown[] = []
  const names: string[] = []
  const visible: unknown[] = []
  const channels: Channels = {
    open(name) {
      names.push(name)
      return { memoryOnly, post: (message) => void messages.push(structuredClone(message)), close() {} }
    },
  }
  const locks: Ports['locks'] = {
    available: true,
    async acquire(name) {
      names.push(name)
      return () => {}
    },
  }
  const kit = createKit({ development: true, ...options }, { ports: { channels, locks } })
  kit.cookies.set('signed_in', COOKIE)
  let number = 0
  const next = (more: object = {}): Response => grant(0, { access_token: `${TOKEN}-${++number}`, ...more })
  kit.on('/auth/login', () => next())
  kit.on('/auth/refresh', (_request, count) => (count === 1 ? refusal() : next()))
  kit.on('/auth/session', () => json({ user: ANN, session_id: 's1' }))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  kit.on('/api/orders', () => json([]))
  for (const name of ['sessionEnd', 'userSwitch', 'claimsChange', 'diagnostic'] as const)
    kit.auth.on(name, (event) => void visible.push(event))
  kit.auth.subscribe((state) => void visible.push(state))
  const run = async (call: Promise<unknown>): Promise<void> => {
    const settled = call.then(
      // A token is what getAccessToken is for; all else that comes back is looked at.
      (value) => void visible.push(typeof value === 'string' ? '' : value),
      (error: unknown) => void visible.push(error),
    )
    await kit.clock.advance(20_000)
    await settled
  }
  return { kit, visible, messages, names, run }
}

const login = ({ kit }: Cage): Promise<unknown> =>
  kit.auth.login({ email: 'ann@example.com', password: PASSWORD })

/** Everything that can be reached from a value without a debugger, as text. */
function reachable(value: unknown, seen = new Set<unknown>()): string {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return String(value)
  if (seen.has(value)) return ''
  seen.add(value)
  const parts: string[] = []
  const look = (read: () => unknown): void => {
    try {
      parts.push(reachable(read(), seen))
    } catch (error) {
      parts.push(String(error))
    }
  }
  for (
    let holder: object | null = value;
    holder && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    if (holder === Function.prototype || holder === Promise.prototype) break
    for (const key of Reflect.ownKeys(holder))
      look(() => [String(key), reachable(Reflect.get(holder, key, value), seen)].join())
  }
  if (value instanceof Map || value instanceof Set) look(() => [...value])
  if (value instanceof Headers) look(() => [...value])
  look(() => inspect(value, { depth: 20, showHidden: true, getters: true }))
  look(() => JSON.stringify(value))
  look(() => inspect(structuredClone(value), { depth: 20 }))
  look(() => Reflect.apply(String, undefined, [value]))
  return parts.join('\n')
}

const withoutAuthorization = ({ url, method, headers, body }: SentRequest): unknown => ({
  url,
  method,
  headers: [...headers].filter(([name]) => name !== 'authorization'),
  body,
})

/** What must be free of secrets after a flow. */
function texts({ kit, visible, messages, names }: Cage): Record<string, string> {
  const { auth, browser, tabStorage, navigated, requests } = kit
  const logins = requests.filter(({ path }) => path === '/auth/login')
  const others = requests.filter(({ path }) => path !== '/auth/login')
  return {
    client: reachable(auth),
    state: reachable(auth.getState()),
    diagnostics: reachable(auth.getDiagnostics()),
    'events, results and errors': visible.map((value) => reachable(value)).join('\n'),
    console: consoleCalls.map((value) => reachable(value)).join('\n'),
    'reported errors': reported.map((value) => reachable(value)).join('\n'),
    storage: JSON.stringify([...browser.storage, ...tabStorage]),
    'lock and channel names': names.join('\n'),
    messages: messages
      .map((message) => JSON.stringify({ ...(message as object), shared: undefined }))
      .join('\n'),
    'URLs gone to': navigated.join('\n'),
    'URLs and headers': logins.map(({ url, headers }) => JSON.stringify([url, ...headers])).join('\n'),
    'requests beside Authorization': JSON.stringify(others.map(withoutAuthorization)),
    globals: Reflect.ownKeys(globalThis)
      .filter((key) => typeof key === 'string' && !GLOBALS.has(key))
      .map((key) => reachable(Reflect.get(globalThis, key)))
      .join('\n'),
  }
}
const GLOBALS = new Set(Reflect.ownKeys(globalThis))

const leaksOf = (bird: Cage): [where: string, text: string][] =>
  Object.entries(texts(bird)).filter(([, text]) => text.includes(CANARY))

function expectNoCanary(bird: Cage): void {
  const leaks = leaksOf(bird)
  expect(leaks.map(([where, text]) => [where, text.slice(Math.max(0, text.indexOf(CANARY) - 200))])).toEqual(
    [],
  )
}

type Flow = (cage: Cage) => Promise<void>

/** Each value quotes the secret as a fault of a backend or of an application might. */
const quoting = {
  error: () => new TypeError('Failed to fetch'),
  html: () => new Response(`<p>${TOKEN} ${PASSWORD}</p>`, { headers: { 'content-type': 'text/html' } }),
  'bad JSON': () => new Response(`{"access_token": ${TOKEN}}`),
  'truncated JSON': () => new Response(`{"access_token":"${TOKEN}-9","us`),
  'a wrong shape': () => json({ token: TOKEN, password: PASSWORD }),
  'a list': () => json([TOKEN]),
  'a token that cannot stand in a header': () => grant(0, { access_token: `${TOKEN}\n${TOKEN}` }),
  'another token type': () => grant(0, { access_token: TOKEN, token_type: 'mac' }),
  'no user': () => grant(0, { access_token: TOKEN, user: null }),
  'a user without id': () => grant(0, { access_token: TOKEN, user: { name: 'Ann' } }),
  'a 401 with the password in its text': () =>
    json({ error: 'invalid_credentials', error_description: `${PASSWORD} ${TOKEN}` }, { status: 401 }),
  'a 403 page': () => new Response(`${TOKEN} ${PASSWORD}`, { status: 403 }),
  'a 429': () => new Response(TOKEN, { status: 429, headers: { 'retry-after': '1' } }),
  'a 500': () => new Response(`stack: ${TOKEN} ${PASSWORD}`, { status: 500 }),
  'a redirect': () => new Response(TOKEN, { status: 302, headers: { location: `/?token=${TOKEN}` } }),
}

const FLOWS: Record<string, Flow> = {
  async 'the ordinary day'({ kit, run }) {
    await run(kit.auth.getAccessToken())
    await run(kit.auth.fetch('/api/orders?a=b'))
    await run(kit.auth.fetch('https://other.example.com/api/orders'))
    await run(kit.auth.fetch('/api/orders', { method: 'POST', body: '{}' }))
    await run(kit.auth.refresh())
    await run(kit.auth.refresh({ force: true }))
    await run(kit.auth.diagnose())
    await run(kit.auth.loginWithRedirect({ returnTo: '/orders' }))
  },
  async 'a 401 and its replay'({ kit, run }) {
    kit.on('/api/orders', (_request, count) => json({}, { status: count === 1 ? 401 : 200 }))
    await run(kit.auth.fetch('/api/orders'))
  },
  async 'an endpoint that always answers 401 and quotes the token'({ kit, run }) {
    kit.on('/api/orders', () =>
      json(
        {},
        {
          status: 401,
          headers: { 'www-authenticate': `Bearer realm="${TOKEN}", error_description="${TOKEN}"` },
        },
      ),
    )
    await run(kit.auth.fetch('/api/orders?x').then(({ status }) => status))
  },
  async 'a stream that cannot be replayed'({ kit, run }) {
    kit.on('/api/orders', () => json({}, { status: 401 }))
    const body = new Blob(['x']).stream()
    await run(kit.auth.fetch('/api/orders', { method: 'POST', body, duplex: 'half' } as RequestInit))
  },
  async 'an HTTPError of ky'({ kit, run }) {
    kit.on('/api/orders', () => json({}, { status: 404 }))
    await run(createApi(kit.auth, { prefix: 'https://app.example.com/api' }).get('orders').json())
  },
  async 'a network fault of an API'({ kit, run }) {
    kit.on('/api/orders', () => new TypeError('Failed to fetch'))
    await run(kit.auth.fetch('/api/orders'))
  },
  async 'a session that ends at the server'({ kit, run }) {
    kit.on('/auth/refresh', () => refusal('session_revoked'))
    await run(kit.auth.refresh({ force: true }))
    await run(kit.auth.fetch('/api/orders'))
    await run(kit.auth.getAccessToken())
  },
  async 'another user'({ kit, run }) {
    kit.on('/auth/refresh', () => grant(0, { access_token: `${TOKEN}-bob`, user: BOB, session_id: 's2' }))
    await run(kit.auth.refresh({ force: true }))
  },
  async 'other claims'({ kit, run }) {
    kit.on('/auth/refresh', () =>
      grant(0, { access_token: `${TOKEN}-x`, user: { ...ANN, roles: ['admin'] } }),
    )
    await run(kit.auth.refresh({ force: true }))
  },
  async 'listeners that throw'({ kit, run }) {
    kit.auth.on('sessionEnd', () => {
      throw new Error('mine')
    })
    kit.auth.subscribe(() => {
      throw new Error('mine, too')
    })
    await run(kit.auth.logout())
  },
  async 'a login that is overtaken and revoked'({ kit, run }) {
    const { answer, open } = gate()
    kit.on('/auth/login', () => answer)
    const again = login({ kit } as Cage)
    void again.catch(() => {})
    await settle()
    await run(kit.auth.logout())
    open(grant(0, { access_token: `${TOKEN}-again`, session_id: 's9' }))
    await run(again)
  },
  async 'a late answer after a logout'({ kit, run }) {
    const { answer, open } = gate()
    kit.on('/auth/refresh', () => answer)
    const refresh = kit.auth.refresh({ force: true })
    void refresh.catch(() => {})
    await settle()
    await run(kit.auth.logout())
    open(grant(0, { access_token: `${TOKEN}-late` }))
    await run(refresh)
  },
  async 'a disposed client'({ kit, run }) {
    kit.auth.dispose()
    await run(kit.auth.fetch('/api/orders'))
    await run(login({ kit } as Cage))
  },
}
for (const [name, answer] of Object.entries(quoting)) {
  FLOWS[`a login answered with ${name}`] = async (bird) => {
    bird.kit.on('/auth/login', answer)
    await bird.run(login(bird))
  }
  FLOWS[`a refresh answered with ${name}`] = async ({ kit, run }) => {
    kit.on('/auth/refresh', answer)
    await run(kit.auth.refresh({ force: true }))
    await run(kit.auth.fetch('/api/orders'))
  }
  FLOWS[`a session and a logout answered with ${name}`] = async ({ kit, run }) => {
    kit.on('/auth/session', answer)
    kit.on('/auth/logout', answer)
    await run(kit.auth.diagnose())
    await run(kit.auth.logout())
  }
}

it.each(Object.keys(FLOWS))('AV-29 R93 BBA-02 no secret leaves through %s', async (name) => {
  const bird = cage({ hint: { cookie: 'signed_in' }, tabs: { shareToken: false } })
  await bird.run(bird.kit.auth.ready())
  await bird.run(login(bird))
  await FLOWS[name]!(bird)
  await bird.run(bird.kit.auth.logout())
  expectNoCanary(bird)
})

const thrower = (value: unknown): never => {
  throw new Error(`cannot read ${JSON.stringify(value)}`, { cause: new Error('deeper', { cause: value }) })
}

it.each<[string, AuthClientOptions]>([
  ['parseAnswer', { parseAnswer: thrower }],
  ['errorCode', { errorCode: thrower }],
  ['parseUser', { parseUser: thrower }],
  ['getUserId', { getUserId: thrower }],
])('AV-29 R93 a %s that throws with what it was given leaks no secret', async (_name, options) => {
  const bird = cage(options)
  await bird.run(bird.kit.auth.ready())
  await bird.run(login(bird))
  await bird.run(bird.kit.auth.refresh({ force: true }))
  await bird.run(bird.kit.auth.fetch('/api/orders'))
  await bird.run(bird.kit.auth.diagnose())
  await bird.run(bird.kit.auth.logout())
  expectNoCanary(bird)
})

it.each([
  ['sharing is off', { tabs: { shareToken: false } }, true],
  ['the channel does not stay in memory', {}, false],
] as const)('AV-29 no message holds the token where %s', async (_name, options, memoryOnly) => {
  const bird = cage(options, { memoryOnly })
  await bird.run(bird.kit.auth.ready())
  await bird.run(login(bird))
  await bird.run(bird.kit.auth.refresh({ force: true }))
  expect(bird.messages.length).toBeGreaterThan(1)
  expect(JSON.stringify(bird.messages)).not.toContain(CANARY)
})

it('AV-29 with sharing on the token is in the message to the other tabs, in one place, and nowhere else', async () => {
  const bird = cage()
  await bird.run(bird.kit.auth.ready())
  await bird.run(login(bird))
  await FLOWS['the ordinary day']!(bird)
  expect(bird.messages).toContainEqual(
    expect.objectContaining({ shared: expect.objectContaining({ token: `${TOKEN}-1` }) as object }),
  )
  for (const message of bird.messages) {
    const { shared, ...rest } = message as { shared?: { token: string } }
    expect(JSON.stringify([rest, { ...shared, token: '' }])).not.toContain(CANARY)
  }
  expectNoCanary(bird)
})

it('SEC-08 the token is sent in Authorization alone, to the listed origins alone; the password to the login alone', async () => {
  const bird = cage()
  await bird.run(bird.kit.auth.ready())
  await bird.run(login(bird))
  await FLOWS['the ordinary day']!(bird)
  await FLOWS['a late answer after a logout']!(bird)
  const { requests } = bird.kit
  const withToken = requests.filter(({ headers }) => headers.get('authorization')?.includes(CANARY))
  expect(withToken.map(({ path }) => path)).toEqual([
    '/api/orders',
    '/api/orders',
    '/auth/logout',
    '/auth/logout',
  ])
  for (const { url, headers } of withToken) {
    expect(new URL(url).origin).toBe('https://app.example.com')
    expect(headers.get('authorization')).toMatch(/^Bearer kanarienvogel-token-\w+$/)
  }
  const withPassword = requests.filter(({ body }) => JSON.stringify(body).includes(PASSWORD))
  expect(new Set(withPassword.map(({ path }) => path))).toEqual(new Set(['/auth/login']))
})

it('BBA-01 nothing is stored but a register that holds no secret and the time of the last use, and nothing is put into the URL', async () => {
  const bird = cage()
  await bird.run(bird.kit.auth.ready())
  await bird.run(login(bird))
  await FLOWS['the ordinary day']!(bird)
  const { browser, tabStorage, navigated } = bird.kit
  const stored = [...browser.storage, ...browser.notes]
  const [register, active, ...more] = stored.map(([, text]) => JSON.parse(text) as object)
  expect([active, more]).toEqual([expect.any(Number), []])
  expect(Object.keys(register!).sort()).toEqual(STORED_MEMBERS)
  expect([...tabStorage.values()]).toEqual([expect.stringMatching(/^\d+$/)])
  expect(navigated).toEqual(['https://app.example.com/auth/start?return_to=%2Forders'])
})

it.each<[string, (bird: Cage) => void]>([
  [
    'the cause of an error',
    ({ visible }) => visible.push(new Error('x', { cause: { deep: [new Error(TOKEN)] } })),
  ],
  ['a hidden member', ({ visible }) => visible.push(Object.defineProperty({}, 'x', { value: TOKEN }))],
  ['a symbol member', ({ visible }) => visible.push({ [Symbol('x')]: new Map([['a', PASSWORD]]) })],
  [
    'a request in an error',
    ({ visible }) => visible.push({ request: new Request('https://a.example', { headers: { a: TOKEN } }) }),
  ],
  ['a line on the console', () => console.debug({ a: [COOKIE] })],
  ['the storage', ({ kit }) => void kit.browser.storage.set('x', TOKEN)],
  ['a global', () => vi.stubGlobal('leaked', { TOKEN })],
])('a secret planted in %s is found', (_name, plant) => {
  const bird = cage()
  plant(bird)
  expect(leaksOf(bird)).toHaveLength(1)
})
