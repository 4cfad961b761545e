import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { oidc, type OidcOptions } from 'latchkey/oidc'
import {
  createStage,
  linksOf,
  locationOf,
  type Stage,
  type StageBrowser,
} from '../server/providers-support.ts'
import { ORIGIN, SID } from '../server/support.ts'
import { CLIENT, signInAt, startProvider, type Provider } from '../tools/oidc-provider.ts'

const away = { from: 'another site' } as const
const CALLBACKS = ['google', 'apple'].map((name) => `${ORIGIN}/auth/callback/${name}`)
const PASSWORDS: Record<string, string> = { ada: 'difference engine', bob: 'other secret' }

let provider: Provider
beforeEach(async () => void (provider = await startProvider(...CALLBACKS)))
afterEach(() => {
  vi.useRealTimers()
  return provider.close()
})

const options = (more: Partial<OidcOptions> = {}): OidcOptions => ({
  issuer: provider.issuer,
  clientId: CLIENT.id,
  clientSecret: CLIENT.secret,
  allowInsecureRequests: true,
  ...more,
})
const stageWith = (more: Partial<OidcOptions> = {}): Stage =>
  createStage({
    providers: { google: oidc(options(more)), apple: oidc(options({ ...more, responseMode: 'form_post' })) },
  })

/** As far as the answer of the provider. */
async function visit(
  person: StageBrowser,
  name = 'google',
  user = 'ada',
): Promise<{ url: URL; form: URLSearchParams }> {
  const start = await person.start('/orders', name)
  return signInAt(locationOf(start), `${user}@example.com`, PASSWORDS[user]!)
}

it('R136 SEC-02 signs in at a real provider with PKCE, state and nonce, and the hook is told what is signed', async () => {
  const { browser, linked, events } = stageWith({ userInfo: true })
  const person = browser()
  const { url } = await visit(person)
  expect([url.origin + url.pathname, url.searchParams.get('iss')]).toEqual([CALLBACKS[0], provider.issuer])
  const [asked] = provider.asked
  expect(Object.fromEntries(asked!)).toMatchObject({
    response_type: 'code',
    response_mode: 'query',
    code_challenge_method: 'S256',
    redirect_uri: CALLBACKS[0],
    scope: 'openid email profile',
  })
  expect(asked!.get('state')).not.toBe(asked!.get('nonce'))
  const back = await person.go(url, away)
  expect([back.status, locationOf(back)]).toEqual([303, `${ORIGIN}/orders`])
  expect(await person.ask('/auth/session')).toMatchObject({ user: { id: 'ada' } })
  expect(provider.paths).toContain('/me')
  expect(linked).toMatchObject([
    {
      provider: 'google',
      issuer: provider.issuer,
      subject: 'ada',
      email: 'ada@example.com',
      emailVerified: true,
    },
  ])
  expect(events.map(({ type }) => type)).toEqual(['sign-in'])
})

it('R136 S58 a real provider that posts its answer, to a client whose secret is made anew each time', async () => {
  let made = 0
  const { browser } = stageWith({ clientSecret: async () => (made++, CLIENT.secret) })
  const person = browser()
  const { url, form } = await visit(person, 'apple', 'bob')
  expect([url.href, url.search, form.has('code')]).toEqual([CALLBACKS[1], '', true])
  const back = await person.post(url, form)
  expect([back.status, locationOf(back)]).toEqual([303, `${ORIGIN}/orders`])
  expect([await person.ask('/auth/session'), made]).toMatchObject([{ user: { id: 'bob' } }, 1])
})

it('R137 what a real provider did not say to this very sign-in is refused', async () => {
  const { browser, events } = stageWith()
  const person = browser()
  const forge: ((answer: URL, other: URL) => void)[] = [
    ({ searchParams }) => searchParams.set('iss', 'http://127.0.0.1:1'),
    // The provider says that it always names itself.
    ({ searchParams }) => searchParams.delete('iss'),
    ({ searchParams }) => searchParams.set('code', 'invented'),
    ({ searchParams }, other) => searchParams.set('code', other.searchParams.get('code')!),
    ({ searchParams }) => searchParams.delete('code'),
    ({ searchParams }) => (searchParams.delete('code'), searchParams.set('error', 'access_denied')),
    ({ searchParams }) => (searchParams.delete('code'), searchParams.set('error', 'server_error"><script>')),
  ]
  for (const change of forge) {
    const [mine, other] = [(await visit(person)).url, (await visit(browser(), 'google', 'bob')).url]
    change(mine, other)
    const back = await person.go(mine, away)
    expect([400, 403, 503]).toContain(back.status)
    expect(await back.text()).not.toContain('<script')
    expect(person.cookie(SID)).toBeUndefined()
  }
  const codes = events.map((event) => ('code' in event ? event.code : event.type))
  expect(codes.filter((code) => code === 'sign-in')).toEqual([])
  expect(codes).toContain('access_denied')
  expect(codes).toContain('provider_refused')
})

it('R137 an ID token with the nonce of another sign-in is refused', async () => {
  const { browser } = stageWith()
  const person = browser()
  const start = await person.start()
  const swapped = new URL(locationOf(start))
  swapped.searchParams.set('nonce', 'of-somebody-else')
  const { url } = await signInAt(swapped.href, 'ada@example.com', PASSWORDS['ada']!)
  expect((await person.go(url, away)).status).toBe(400)
  expect(person.cookie(SID)).toBeUndefined()
})

it('R137 no token, code or secret of the provider reaches a page, an event, a cookie or the store', async () => {
  const written: string[] = []
  const { browser, events, auth } = stageWith({ userInfo: true })
  const person = browser()
  const first = (await visit(person)).url
  const answers = [await person.go(first, away), await person.go(first, away)]
  const second = (await visit(person)).url
  // Spent at the provider by somebody else, who then is refused in our name.
  const again = new URL(second)
  again.searchParams.set('code', first.searchParams.get('code')!)
  answers.push(await person.go(again, away))
  const third = (await visit(person)).url
  provider.answerWith(500)
  answers.push(await person.go(third, away))
  for (const answer of answers) {
    written.push(
      JSON.stringify([...answer.headers].filter(([name]) => name !== 'set-cookie')),
      await answer.text(),
    )
  }
  expect(provider.tokens).toHaveLength(2)
  const secrets = [
    ...provider.tokens,
    CLIENT.secret,
    first.searchParams.get('code')!,
    first.searchParams.get('state')!,
  ]
  const errors = events.map((event) =>
    event.type === 'fault'
      ? String((event.error as Error).stack) +
        JSON.stringify(event.error, Object.getOwnPropertyNames(event.error))
      : JSON.stringify(event),
  )
  expect(errors.some((text) => text.includes('The identity provider could not be asked'))).toBe(true)
  expect(events.every((event) => event.type !== 'fault' || (event.error as Error).cause === undefined)).toBe(
    true,
  )
  const shown = JSON.stringify([written, errors, person.jar.all()])
  expect(secrets.filter((secret) => shown.includes(secret))).toEqual([])
  expect(await auth.admin.list('ada')).toHaveLength(1)
})

it('R136 S59 of many who come an hour later one asks the provider anew, and the others do not wait for it', async () => {
  const { browser } = stageWith()
  const discoveries = (): number => provider.paths.filter((path) => path.startsWith('/.well-known/')).length
  await browser().start()
  const before = discoveries()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3_600_000 })
  const starts = await Promise.all(Array.from({ length: 10 }, () => browser().start()))
  expect(starts.map(({ status }) => status)).toEqual(Array.from(starts, () => 303))
  expect(discoveries() - before).toBe(1)
})

it('R136 S59 a provider that is away at the start, or later, is asked again by the next one who comes', async () => {
  provider.answerWith(503)
  const { browser, events } = stageWith()
  const person = browser()
  const start = await person.start()
  expect([start.status, start.headers.get('retry-after')]).toEqual([503, '5'])
  expect((await linksOf(start))[0]).toBe('/auth/start?provider=google&return_to=%2Forders')
  provider.answerWith(undefined)
  const { url } = await visit(person)
  provider.answerWith(500)
  expect((await person.go(url, away)).status).toBe(503)
  provider.answerWith(undefined)
  expect((await person.go((await visit(person)).url, away)).status).toBe(303)
  // What it says of itself is asked for once an hour; that it cannot be asked then keeps nobody out.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3_600_000 })
  provider.answerWith(503)
  expect((await browser().start()).status).toBe(303)
  const faults = events.flatMap((event) => (event.type === 'fault' ? [event.error as Error] : []))
  expect(faults.map(({ cause }) => cause)).toEqual([undefined, undefined])
  provider.answerWith(undefined)
  vi.setSystemTime(Date.now() + 2 * 3_600_000)
  const discoveries = (): number => provider.paths.filter((path) => path.startsWith('/.well-known/')).length
  const before = discoveries()
  await browser().start()
  await browser().start()
  expect(discoveries() - before).toBe(1)
})

it('R136 S60 that an address is verified counts for that address, and not for the one of the ID token', async () => {
  const { browser, linked } = stageWith({ userInfo: true })
  const person = browser()
  provider.says['id_token'] = { email: 'ada@example.com', email_verified: undefined }
  provider.says['userinfo'] = { email: 'ada@example.com', email_verified: true }
  await person.go((await visit(person)).url, away)
  provider.says['userinfo'] = { email: 'eve@example.com', email_verified: true }
  await person.go((await visit(person)).url, away)
  expect(linked.map(({ email, emailVerified }) => [email, emailVerified])).toEqual([
    ['ada@example.com', true],
    ['ada@example.com', false],
  ])
})

it('R136 a provider may change its key', async () => {
  const { browser } = stageWith()
  const person = browser()
  expect((await person.go((await visit(person)).url, away)).status).toBe(303)
  await provider.rotate()
  const early = await visit(person)
  expect((await person.go(early.url, away)).status).toBe(503)
  expect(provider.paths).not.toContain('/me')
  // Keys are asked for once a minute at the most.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
  expect((await person.go((await visit(person, 'google', 'bob')).url, away)).status).toBe(303)
  expect(await person.ask('/auth/session')).toMatchObject({ user: { id: 'bob' } })
})

it('R137 a wrong secret is told to who runs the server, and says nothing to the person', async () => {
  const { browser, events } = stageWith({ clientSecret: 'of another client' })
  const person = browser()
  expect((await person.go((await visit(person)).url, away)).status).toBe(503)
  const [fault] = events
  expect(fault?.type === 'fault' && String(fault.error)).toMatch(/could not be asked: 401 invalid_client/)
})

it.each<[string, Partial<Record<keyof OidcOptions | 'typo', unknown>>, RegExp]>([
  [
    'plain http elsewhere',
    { issuer: 'http://idp.example.com', allowInsecureRequests: true },
    /must begin with https/,
  ],
  [
    'plain http unasked',
    { issuer: 'http://127.0.0.1:4000', allowInsecureRequests: false },
    /allowInsecureRequests/,
  ],
  [
    'the exception for https elsewhere',
    { issuer: 'https://idp.example.com' },
    /"allowInsecureRequests" is for/,
  ],
  [
    'a host that only begins so',
    { issuer: 'http://127.0.0.1.evil.test', allowInsecureRequests: true },
    /https/,
  ],
  ['no issuer', { issuer: undefined }, /"issuer"/],
  ['no client', { clientId: '' }, /"clientId"/],
  ['an empty secret', { clientSecret: '' }, /"clientSecret"/],
  ['a scope without openid', { scope: 'email' }, /"openid"/],
  ['a parameter that is ours', { parameters: { state: 'x' } }, /leave "state"/],
  ['an unknown mode', { responseMode: 'fragment' }, /"responseMode"/],
  ['a time of nothing', { timeoutMs: 0 }, /"timeoutMs"/],
  ['a misspelt option', { typo: 1 }, /no option "typo"/],
])('R136 SEC-18 %s is a mistake that is said at once', (_name, more, sentence) => {
  expect(() => oidc({ ...options(), ...more } as OidcOptions)).toThrow(sentence)
})
