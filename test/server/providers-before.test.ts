/* A sign-in at a provider, and who was in that browser before. */
import { expect, it } from 'vitest'
import { generateKey, keySet, memoryStore } from 'latchkey/server'
import { createStage, locationOf, type StageBrowser } from './providers-support.ts'
import { createTestClock, DAY, ORIGIN, SID } from './support.ts'

const away = { from: 'another site' } as const
const shownIn = async (browser: StageBrowser): Promise<string | undefined> =>
  ((await browser.ask('/auth/session')) as { user?: { id: string } } | null)?.user?.id

it.each<['session' | 'token', string]>([
  ['session', 'bob'],
  ['session', 'ada'],
  ['token', 'bob'],
])(
  'R150 S67 on the way to %s mode a sign-in that another site has led to leaves no cookie of %s from before',
  async (prefer, before) => {
    const time = createTestClock()
    const stored = { store: memoryStore({ clock: time }), keys: keySet({ sign: await generateKey() }) }
    const old = createStage({ ...stored, mode: prefer === 'session' ? 'token' : 'session' }, time)
    const { jar, call } = old.browser()
    expect((await call('/auth/login', { user: before })).status).toBe(200)
    time.advance(DAY)
    const { apple, browser } = createStage({ ...stored, mode: 'both', prefer }, time)
    const person = browser(jar)
    const callback = apple.answer(await person.go('/auth/start?provider=apple', away), 'ada')
    expect((await person.post(callback, callback.searchParams)).status).toBe(303)
    const names = jar.all().map(({ name }) => name.replace('__Host-', ''))
    expect(names.filter((name) => /^(?:sid|refresh)$/.test(name))).toEqual([
      prefer === 'session' ? 'sid' : 'refresh',
    ])
    if (prefer === 'token') return
    const held = (await person.ask('/auth/session')) as Record<string, string>
    expect(await shownIn(person)).toBe('ada')
    const proof = { 'x-csrf-token': held['csrf_token'] ?? '' }
    expect((await person.call('/auth/logout', { session_id: held['session_id'] }, proof)).status).toBe(204)
    expect([await shownIn(person), (await person.call('/auth/refresh')).status]).toEqual([undefined, 401])
  },
)

it('R150 S67 a sign-in by the tile of a provider ends the session before it, so that a cap signs no other device out', async () => {
  for (const provider of ['google', 'apple'] as const) {
    const stage = createStage({ sessionsPerUser: 2 })
    const [phone, desktop] = [stage.browser(), stage.browser()]
    await phone.call('/auth/login', { user: 'ada' })
    for (let morning = 0; morning < 3; morning++) {
      stage.time.advance(DAY)
      expect(await shownIn(phone)).toBe('ada')
      const start = await desktop.go(`/auth/start?provider=${provider}`, away)
      const callback = stage[provider].answer(start, 'ada')
      if (provider === 'google') await desktop.go(callback, away)
      else await desktop.post(callback, callback.searchParams)
      expect(await shownIn(desktop)).toBe('ada')
    }
    expect([await shownIn(phone), (await stage.auth.admin.list('ada')).length]).toEqual(['ada', 2])
  }
})

it('R150 who signs in by password while another tab is at the provider has no session left behind it', async () => {
  const { auth, google, browser } = createStage()
  const person = browser()
  const callback = google.answer(await person.start('/orders'), 'ada')
  await person.call('/auth/login', { user: 'bob' })
  expect(locationOf(await person.go(callback, away))).toBe(`${ORIGIN}/orders`)
  expect([await shownIn(person), await auth.admin.list('bob')]).toEqual(['ada', []])
})

it('R150 where another site has led to, the same address is gone to once more by itself, and no more than once', async () => {
  const { auth, google, browser } = createStage()
  const person = browser()
  const callback = google.answer(await person.start('/orders'), 'ada')
  const cookie = person.jar.header(callback, true) ?? ''
  const headers = { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
  callback.searchParams.set('x', '"><script>')
  const page = await auth.handle(new Request(callback, { headers }))
  expect([page.status, page.headers.getSetCookie()]).toEqual([200, []])
  expect([page.headers.get('cache-control'), page.headers.get('referrer-policy')]).toEqual([
    'no-store',
    'no-referrer',
  ])
  const text = await page.text()
  expect(text).not.toContain('<script')
  const path = /content="0; url=([^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  expect(path).toMatch(/^\/auth\/callback\/google\?/)
  const back = await auth.handle(new Request(ORIGIN + path, { headers }))
  expect([back.status, back.headers.getSetCookie().some((line) => line.startsWith(SID))]).toEqual([303, true])
})

it('R150 S38 a cookie under a name of before does not outlive a sign-in by a tile', async () => {
  const time = createTestClock()
  const store = memoryStore({ clock: time })
  const old = createStage({ store, cookies: { sid: 'old' } }, time)
  const { jar, call } = old.browser()
  await call('/auth/login', { user: 'bob' })
  const { google, browser } = createStage(
    { store, cookies: { former: [{ of: 'sid', name: '__Host-old' }] } },
    time,
  )
  const person = browser(jar)
  await person.go(google.answer(await person.go('/auth/start?provider=google', away), 'ada'), away)
  expect([await shownIn(person), person.cookie('__Host-old')]).toEqual(['ada', undefined])
})
