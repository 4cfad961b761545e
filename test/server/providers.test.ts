import { expect, it } from 'vitest'
import { done, nodeHandler, refuse, type AuthServerOptions, type LoginProvider } from 'latchkey/server'
import { createCookieJar, type CookieJar } from '../../src/testing/world/cookie-jar.ts'
import { ORIGIN, SID, MINUTE } from './support.ts'
import { createStage, linksOf, locationOf, type StageBrowser } from './providers-support.ts'

const away = { from: 'another site' } as const
const userOf = async (browser: StageBrowser): Promise<string | undefined> =>
  ((await browser.ask('/auth/session')) as { user: { id: string } } | null)?.user.id

const copyOf = (jar: CookieJar): CookieJar => {
  const copy = createCookieJar(() => 0)
  for (const { name, value, sameSite } of jar.all())
    copy.store(new URL(ORIGIN), [`${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${sameSite}`], true)
  return copy
}

it('R135 S54 two tabs that both went to a provider come back in either order, each to its own page', async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const { auth, google, browser } = createStage()
    const person = browser()
    const starts = [await person.start('/orders?page=2#row'), await person.start('/profile')]
    const callbacks = starts.map((start) => google.answer(start, 'ada'))
    expect(person.attempts()).toHaveLength(2)
    const landed = ['', '']
    for (const tab of order) landed[tab] = locationOf(await person.go(callbacks[tab]!, away))
    expect(landed).toEqual([`${ORIGIN}/orders?page=2#row`, `${ORIGIN}/profile`])
    expect([await userOf(person), person.attempts()]).toEqual(['ada', []])
    // The cookie of the first did not come along with the second, and its session is over all the same.
    expect(await auth.admin.list('ada')).toHaveLength(1)
  }
})

it('R135 S54 a callback that fails leaves the other attempts alone', async () => {
  const { google, browser } = createStage()
  const person = browser()
  const [first, second] = [await person.start('/a'), await person.start('/b')]
  const bad = google.answer(first, 'ada')
  bad.searchParams.set('code', 'invented')
  expect((await person.go(bad, away)).status).toBe(400)
  expect(locationOf(await person.go(google.answer(second, 'ada'), away))).toBe(`${ORIGIN}/b`)
})

it('R135 S54 a browser has a few attempts at once at the most, by number and by size, and the oldest goes', async () => {
  const { time, google, browser } = createStage()
  const person = browser()
  const starts: Response[] = []
  for (let i = 0; i < 8; i++) {
    time.advance(1000)
    starts.push(await person.start(`/page/${i}`))
  }
  expect(person.attempts()).toHaveLength(5)
  const statuses: number[] = []
  for (const start of starts) statuses.push((await person.go(google.answer(start, 'ada'), away)).status)
  expect(statuses).toEqual([400, 400, 400, 303, 303, 303, 303, 303])

  const other = browser()
  for (let i = 0; i < 5; i++) await other.start(`/${'x'.repeat(2000)}${i}`)
  const size = other.jar.all().reduce((sum, { name, value }) => sum + name.length + value.length + 3, 0)
  expect(size).toBeLessThan(6500)
  expect(other.jar.all().every(({ name, value }) => name.length + value.length <= 4096)).toBe(true)
})

it.each([
  ['short', 30],
  ['long', 1500],
])(
  'R152 S54 tabs that all begin at once, with %s paths, leave no more cookies than servers take, and the other tabs come back',
  async (_name, length) => {
    const { auth, google, browser } = createStage()
    const person = browser()
    const path = (i: number) => `/${'x'.repeat(length)}/${i}`
    const starts = await Promise.all(Array.from({ length: 40 }, (_, i) => person.start(path(i))))
    const cookies = person.jar.header(new URL(ORIGIN), true) ?? ''
    expect(cookies.length).toBeLessThan(6500)
    const kept = person.attempts().length
    const landed: string[] = []
    for (const start of starts) {
      const back = await person.go(google.answer(start, 'ada'), away)
      if (back.headers.getSetCookie().some((line) => line.startsWith(SID))) landed.push(locationOf(back))
    }
    expect([new Set(landed).size, person.attempts()]).toEqual([kept, []])
    expect(await auth.admin.list('ada')).toHaveLength(1)
  },
)

it('R135 S55 a callback that is loaded twice leads who is signed in to his page, without a second session', async () => {
  const { auth, google, browser } = createStage()
  const person = browser()
  const callback = google.answer(await person.start('/orders'), 'ada')
  await person.go(callback, away)
  const sid = person.cookie(SID)
  for (const from of [away, {}]) {
    const again = await person.go(callback, from)
    expect([again.status, locationOf(again), again.headers.getSetCookie()]).toEqual([
      303,
      `${ORIGIN}/orders`,
      [],
    ])
  }
  expect(person.cookie(SID)).toBe(sid)
  expect(await auth.admin.list('ada')).toHaveLength(1)
})

it('R152 S55 a callback whose answer is lost, or not waited for, signs in who loads it again, with one session', async () => {
  for (const isWaitedFor of [true, false]) {
    const { auth, google, browser, time } = createStage()
    const person = browser()
    await person.call('/auth/login', { user: 'ada' })
    const callback = google.answer(await person.start('/orders'), 'ada')
    // The same jar, whose owner never gets the first answer.
    const [lost, late] = [browser(copyOf(person.jar)), browser(copyOf(person.jar))]
    let goOn = (): void => undefined
    const held = new Promise<void>((resolve) => (goOn = resolve))
    const { finish } = google
    const asked = new Promise<void>((resolve) => {
      Object.assign(google, {
        async finish(...given: Parameters<typeof finish>) {
          resolve()
          if (!isWaitedFor) await held
          return finish(...given)
        },
      })
    })
    const first = lost.go(callback, away)
    await asked
    if (isWaitedFor) await first
    const again = person.go(callback, away)
    setImmediate(goOn)
    expect([(await first).status, (await again).status]).toEqual([303, 303])
    expect([locationOf(await again), await userOf(person)]).toEqual([`${ORIGIN}/orders`, 'ada'])
    expect([person.attempts(), (await auth.admin.list('ada')).length]).toEqual([[], 1])
    // Half a minute later nobody has waited for an answer.
    time.advance(31_000)
    expect((await late.go(callback, away)).headers.getSetCookie()).toEqual([])
  }
})

it('R152 S55 a callback that is refused stays so when it is loaded again, also where nobody heard', async () => {
  const { google, browser } = createStage()
  const person = browser()
  const callback = google.answer(await person.start('/orders'), 'eve')
  const lost = browser(copyOf(person.jar))
  expect((await lost.go(callback, away)).status).toBe(403)
  const again = await person.go(callback, away)
  expect([again.status, await linksOf(again)]).toEqual([
    400,
    ['/auth/start?provider=google&return_to=%2Forders', `${ORIGIN}/`],
  ])
})

it('R135 S55 behind a sign-out the same callback signs nobody in, and the page leads on', async () => {
  const { auth, google, browser } = createStage()
  const person = browser()
  const callback = google.answer(await person.start('/orders'), 'ada')
  await person.go(callback, away)
  await auth.admin.endAll('ada')
  const again = await person.go(callback, away)
  expect([again.status, again.headers.getSetCookie()]).toEqual([400, []])
  expect(again.headers.get('content-type')).toContain('text/html')
  expect(await linksOf(again)).toEqual([`${ORIGIN}/`])
})

it.each([
  ['HEAD', { method: 'HEAD' }, 204],
  ['a prefetch', { headers: { 'sec-purpose': 'prefetch' } }, 503],
  ['a prerender', { headers: { 'sec-purpose': 'prefetch;prerender' } }, 503],
  ['an old prefetch', { headers: { purpose: 'prefetch' } }, 503],
  ['a fetch', { headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } }, 403],
  ['a fetch that does not say what for', { headers: { 'sec-fetch-mode': 'cors' } }, 403],
  ['an image', { headers: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } }, 403],
  ['a frame', { headers: { 'sec-fetch-dest': 'iframe' } }, 403],
])('R135 S55 %s begins nothing and spends nothing', async (_name, init, status) => {
  const { auth, google, browser } = createStage()
  const person = browser()
  const start = await person.go('/auth/start?provider=google', init)
  expect([start.status, start.headers.getSetCookie(), google.begun.size]).toEqual([status, [], 0])
  const callback = google.answer(await person.start('/orders'), 'ada')
  const early = await person.go(callback, { ...init, ...away })
  expect([early.status, early.headers.getSetCookie()]).toEqual([status, []])
  expect(await auth.admin.list('ada')).toEqual([])
  expect((await person.go(callback, away)).status).toBe(303)
})

it('R135 S56 who comes back after half an hour begins again by one click, and lands at the page that he wanted', async () => {
  const { time, google, browser } = createStage()
  const person = browser()
  const callback = google.answer(await person.start('/orders?page=2'), 'ada')
  time.advance(30 * MINUTE)
  for (let loaded = 0; loaded < 2; loaded++) {
    const late = await person.go(callback, away)
    expect([late.status, late.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8'])
    const [again = ''] = await linksOf(late)
    expect(again).toBe('/auth/start?provider=google&return_to=%2Forders%3Fpage%3D2')
    if (loaded === 0) continue
    const back = await person.go(google.answer(await person.go(again), 'ada'), away)
    expect(locationOf(back)).toBe(`${ORIGIN}/orders?page=2`)
  }
  expect(await userOf(person)).toBe('ada')
})

it('R135 S56 a sign-in that begins at a page of the app beside our own paths comes back to it, and one that may not come back is led on', async () => {
  const { google, browser } = createStage()
  const person = browser()
  const back = await person.go(google.answer(await person.start('/auth/signin?next=/a'), 'ada'), away)
  expect(locationOf(back)).toBe(`${ORIGIN}/auth/signin?next=/a`)
  const refused = await person.start('/auth/start')
  expect([refused.status, refused.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8'])
  expect(await linksOf(refused)).toEqual(['/auth/start?provider=google&return_to=%2F', `${ORIGIN}/`])
})

it('R135 S57 redirect_uri is the configured one at both ends, whatever Host says', async () => {
  const { auth, google } = createStage({ basePath: '/api/auth' })
  const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'http' }
  const start = await auth.handle(
    new Request('http://10.0.0.1:8080/api/auth/start?provider=google', { headers }),
  )
  const [begun] = google.begun.values()
  expect(begun?.redirectUri).toBe(`${ORIGIN}/api/auth/callback/google`)
  const cookie = start.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const { pathname, search } = google.answer(start, 'ada')
  const back = await auth.handle(
    new Request(`http://10.0.0.1:8080${pathname}${search}`, { headers: { ...headers, cookie } }),
  )
  expect([back.status, locationOf(back)]).toEqual([303, `${ORIGIN}/`])
})

it('R135 S58 a provider that posts from its own site finds the attempt, and only its cookie is SameSite=None', async () => {
  const { apple, google, browser } = createStage()
  const person = browser()
  const start = await person.start('/orders', 'apple')
  const sameSite = (answer: Response) => /SameSite=\w+/.exec(answer.headers.getSetCookie()[0] ?? '')?.[0]
  expect([sameSite(start), sameSite(await browser().start())]).toEqual(['SameSite=None', 'SameSite=Lax'])
  const callback = apple.answer(start, 'ada')
  const fields = callback.searchParams
  // What it posts does not count in the address, and the address of others takes no post.
  expect((await person.go(callback, away)).status).toBe(400)
  const back = await person.post(callback, fields)
  expect([back.status, locationOf(back)]).toEqual([303, `${ORIGIN}/orders`])
  expect(await userOf(person)).toBe('ada')
  const again = await person.post(callback, fields)
  expect([again.status, again.headers.getSetCookie()]).toEqual([303, []])
  const other = google.answer(await person.start(), 'ada')
  const posted = await person.post(other, other.searchParams)
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET'])
})

it('R135 S59 while a provider is away its sign-in is 503 with a way on, and who is signed in stays so', async () => {
  const { google, events, browser } = createStage()
  const person = browser()
  await person.go(google.answer(await person.start(), 'ada'), away)
  google.fail(new Error('no route to host'))
  const start = await person.start('/orders?page=2')
  expect([start.status, start.headers.get('retry-after'), start.headers.getSetCookie()]).toEqual([
    503,
    '5',
    [],
  ])
  expect(await linksOf(start)).toEqual([
    '/auth/start?provider=google&return_to=%2Forders%3Fpage%3D2',
    `${ORIGIN}/`,
  ])
  expect((await browser().start('/orders', 'apple')).status).toBe(303)
  expect(await userOf(person)).toBe('ada')
  google.fail(undefined)
  const callback = google.answer(await person.start('/a'), 'bob')
  google.fail(new Error('no route to host'))
  const back = await person.go(callback, away)
  expect([back.status, (await linksOf(back))[0]]).toEqual([503, '/auth/start?provider=google&return_to=%2Fa'])
  expect(await userOf(person)).toBe('ada')
  expect(events.filter(({ type }) => type === 'fault')).toHaveLength(2)
})

it('R136 S60 the application is told who vouches for what, and nobody is anybody without its word', async () => {
  const { auth, google, events, linked, browser } = createStage()
  const person = browser()
  const stranger = await person.go(google.answer(await person.start(), 'eve'), away)
  expect([stranger.status, stranger.headers.get('content-type'), person.cookie(SID)]).toEqual([
    403,
    'text/html; charset=utf-8',
    undefined,
  ])
  expect(linked).toEqual([
    {
      provider: 'google',
      issuer: 'https://google.test',
      subject: 'eve',
      email: 'eve@example.com',
      emailVerified: true,
      claims: { email: 'eve@example.com', email_verified: true },
      unsigned: undefined,
      address: '192.0.2.7',
    },
  ])
  expect(events).toEqual([{ type: 'sign-in-refused', code: 'not_invited', address: '192.0.2.7' }])
  expect(await auth.admin.list('eve')).toEqual([])
})

it.each([
  [{ email: 'ada@example.com' }, false],
  [{ email: 'ada@example.com', email_verified: false }, false],
  [{ email: 'ada@example.com', email_verified: 'false' }, false],
  [{ email: 'ada@example.com', email_verified: 1 }, false],
  [{ email: 'ada@example.com', email_verified: 'true' }, true],
  [{ email: ['ada@example.com'], email_verified: true }, true],
])('R136 S60 of %j the address counts as verified: %s', async (claims, verified) => {
  const provider: LoginProvider = {
    begin: ({ state }) => new URL(`https://google.test/?state=${state}`),
    finish: () => ({ issuer: 'https://google.test', subject: 'ada', claims }),
  }
  const { linked, browser } = createStage({ providers: { only: provider } })
  const person = browser()
  // Where there is one provider, it need not be named.
  const start = await person.go('/auth/start')
  const state = new URL(locationOf(start)).searchParams.get('state')
  expect((await person.go(`/auth/callback/only?state=${state}&code=x`, away)).status).toBe(303)
  const email = typeof claims.email === 'string' ? claims.email : undefined
  expect(linked).toMatchObject([{ email, emailVerified: verified }])
})

const PROVIDER: LoginProvider = { begin: () => new URL('https://google.test/'), finish: () => refuse('no') }

it.each<[string, Partial<AuthServerOptions>, RegExp]>([
  ['no linkUser', { linkUser: undefined }, /"linkUser" must be a function/],
  ['a name with a slash', { providers: { 'a/b': PROVIDER } }, /"providers" has "a\/b"/],
  ['a name in capitals', { providers: { Google: PROVIDER } }, /small letters/],
  ['an inherited name', { providers: { __proto__x: PROVIDER } }, /a name stands in a path/],
  [
    'what is no provider',
    { providers: { google: {} as LoginProvider } },
    /"providers.google" must be a provider/,
  ],
  [
    'a mode of its own',
    { providers: { google: { ...PROVIDER, responseMode: 'fragment' as 'query' } } },
    /responseMode/,
  ],
  [
    'form_post without Secure',
    { providers: { google: { ...PROVIDER, responseMode: 'form_post' } }, cookies: { insecureCookies: true } },
    /insecureCookies/,
  ],
  ['an app that is not listed', { appOrigin: 'https://www.app.test' }, /"appOrigin"/],
])('R136 %s is a mistake that is said at once', (_name, options, sentence) => {
  expect(() => createStage(options)).toThrow(TypeError)
  expect(() => createStage(options)).toThrow(sentence)
})

it('R136 without providers there is no such call, and linkUser is not needed', async () => {
  const { auth } = createStage({ providers: undefined, linkUser: undefined })
  expect((await auth.handle(new Request(`${ORIGIN}/auth/start`))).status).toBe(404)
  expect([auth.handles('/auth/start'), auth.handles('/auth/callback/google')]).toEqual([false, false])
  expect(createStage().auth.handles('/auth/callback/google')).toBe(true)
})

it('R136 people land at the origin of the app, where it has one of its own', async () => {
  const app = 'https://www.app.test'
  const { google, browser } = createStage({ appOrigin: app, allowedOrigins: [app] })
  const person = browser()
  const back = await person.go(google.answer(await person.start('/orders'), 'ada'), away)
  expect(locationOf(back)).toBe(`${app}/orders`)
})

it('R136 "remember me" and limits of one sign-in come with linkUser, too', async () => {
  const { google, browser } = createStage({
    linkUser: ({ subject }) => done({ id: subject }, { remember: false }),
  })
  const person = browser()
  const back = await person.go(google.answer(await person.start(), 'ada'), away)
  expect(back.headers.getSetCookie().find((line) => line.startsWith(SID))).not.toContain('Max-Age')
})

it('R135 S58 a posted answer is read behind a parser of forms, too, and what was sent twice stays so', async () => {
  const { auth, apple, browser } = createStage()
  const post = async (twice: boolean): Promise<[number, boolean]> => {
    const person = browser()
    const { pathname, searchParams } = apple.answer(await person.start('/orders', 'apple'), 'ada')
    const { name, value } = person.jar.all()[0]!
    const lines: string[] = []
    const code = searchParams.get('code')
    const response = {
      statusCode: 0,
      setHeader: (header: string, sent: string | string[]) =>
        header === 'set-cookie' && lines.push(...[sent].flat()),
      getHeader: () => undefined,
      write: () => true,
      once: () => undefined,
      end: () => undefined,
      destroy: () => undefined,
    }
    await nodeHandler(auth)(
      {
        method: 'POST',
        url: pathname,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          cookie: `${name}=${value}`,
          'content-length': '9',
        },
        body: { ...Object.fromEntries(searchParams), code: twice ? [code, code] : code },
        socket: {},
        async *[Symbol.asyncIterator]() {},
      },
      response,
    )
    return [response.statusCode, lines.some((line) => line.startsWith(SID))]
  }
  expect(await post(false)).toEqual([303, true])
  expect(await post(true)).toEqual([400, false])
})
