import { expect, it } from 'vitest'
import { memoryStore, type ServerStore } from 'latchkey/server'
import { createFakeProvider, createStage, linksOf, locationOf } from './providers-support.ts'
import { createTestClock, MINUTE, ORIGIN, SID } from './support.ts'

const away = { from: 'another site' } as const

/** What came back, and what somebody makes of it. `other` is the callback of another attempt of the same browser. */
type Forge = (callback: URL, other: URL) => void

it.each<[string, number, Forge]>([
  [
    'error=access_denied',
    403,
    ({ searchParams }) => (searchParams.delete('code'), searchParams.set('error', 'access_denied')),
  ],
  ['no code', 400, ({ searchParams }) => searchParams.delete('code')],
  ['an empty code', 400, ({ searchParams }) => searchParams.set('code', '')],
  [
    'the code of another attempt',
    400,
    ({ searchParams }, other) => searchParams.set('code', other.searchParams.get('code') ?? ''),
  ],
  ['another issuer', 400, ({ searchParams }) => searchParams.set('iss', 'https://evil.test')],
  ['two codes', 400, ({ searchParams }) => searchParams.append('code', 'x')],
  ['two issuers', 400, ({ searchParams }) => searchParams.append('iss', 'https://evil.test')],
  ['a code of a megabyte', 400, ({ searchParams }) => searchParams.set('code', 'x'.repeat(1_000_000))],
])('R137 %s signs nobody in, ends this attempt alone and leads on', async (_name, status, forge) => {
  const { google, events, browser } = createStage()
  const person = browser()
  const [first, second] = [await person.start('/a'), await person.start('/b')]
  const [callback, other] = [google.answer(first, 'ada'), google.answer(second, 'bob')]
  const whole = new URL(callback)
  forge(callback, other)
  const back = await person.go(callback, away)
  expect([back.status, back.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8'])
  expect(person.cookie(SID)).toBeUndefined()
  expect((await linksOf(back))[0]).toBe('/auth/start?provider=google&return_to=%2Fa')
  expect((await person.go(whole, away)).status).toBe(400)
  expect(events.map(({ type }) => type)).not.toContain('sign-in')
  expect(person.attempts()).toHaveLength(1)
})

it('R137 SEC-02 a return_to elsewhere, or to the sign-in itself, begins nothing', async () => {
  const { google, browser } = createStage()
  const person = browser()
  const foreign = [
    '//evil.test',
    'https://evil.test',
    '/\\evil.test',
    '/%2f%2fevil.test',
    '/auth/start',
    '/auth/callback/google',
    `/${'\u00e4'.repeat(700)}`,
  ]
  for (const returnTo of foreign) {
    const answer = await person.start(returnTo)
    expect([returnTo, answer.status, answer.headers.getSetCookie()]).toEqual([returnTo, 400, []])
  }
  for (const path of [
    '/auth/start',
    '/auth/start?provider=evil',
    '/auth/start?provider=constructor',
    '/auth/start?provider=',
  ]) {
    expect((await person.go(path)).status).toBe(400)
  }
  expect(google.begun.size).toBe(0)
})

it('R137 login CSRF: the callback of an attacker in the browser of his victim signs nobody in', async () => {
  const { auth, google, browser } = createStage()
  const [attacker, victim] = [browser(), browser()]
  const callback = google.answer(await attacker.start('/orders'), 'eve')
  const mine = google.answer(await victim.start('/mine'), 'ada')
  expect((await victim.go(callback, away)).status).toBe(400)
  expect(victim.cookie(SID)).toBeUndefined()
  expect(await auth.admin.list('eve')).toEqual([])
  expect(locationOf(await victim.go(mine, away))).toBe(`${ORIGIN}/mine`)
})

it('R137 mix-up: a provider that vouches for anybody cannot end what began at another one', async () => {
  const one = createFakeProvider('one')
  const evil = {
    ...createFakeProvider('evil'),
    finish: () => ({ issuer: 'https://one.test', subject: 'ada', claims: {} }),
  }
  const stage = createStage({ providers: { one, evil } })
  const person = stage.browser()
  const callback = one.answer(await person.start('/', 'one'), 'ada')
  const crossed = new URL(callback)
  crossed.pathname = '/auth/callback/evil'
  expect((await person.go(crossed, away)).status).toBe(400)
  // By now it knows state and code.
  expect((await person.go(callback, away)).status).toBe(400)
  expect(stage.linked).toEqual([])
})

it('R137 CK-12 a cookie that we did not make, or made for another browser, opens nothing', async () => {
  const { google, browser } = createStage()
  const [attacker, victim] = [browser(), browser()]
  const theirs = google.answer(await attacker.start('/'), 'eve')
  const start = await victim.start('/')
  const mine = google.answer(start, 'ada')
  const own = victim.jar.all().find(({ name }) => name.startsWith('__Host-login-'))!
  const foreign = attacker.jar.all().find(({ name }) => name.startsWith('__Host-login-'))!
  for (const value of [
    '',
    '.',
    'x',
    '1.x.y',
    `${'9'.repeat(15)}.${'A'.repeat(3000)}.B`,
    foreign.value,
    own.value.slice(0, -2),
    'x'.repeat(9000),
  ]) {
    const answer = await victim.go(mine, { ...away, headers: { cookie: `${own.name}=${value}` } })
    expect([value.slice(0, 20), answer.status, answer.headers.getSetCookie()]).toEqual([
      value.slice(0, 20),
      400,
      [],
    ])
  }
  expect(
    (await victim.go(theirs, { ...away, headers: { cookie: `${foreign.name}=${own.value}` } })).status,
  ).toBe(400)
  expect((await victim.go(mine, away)).status).toBe(303)
})

it('R137 an attempt outlives the change of secrets, as long as the old one is listed', async () => {
  const store = memoryStore()
  const [old, next] = ['o'.repeat(32), 'n'.repeat(32)]
  const google = createFakeProvider('google')
  const at = (secrets: string[]) => createStage({ store, secrets, providers: { google } })
  const person = at([old]).browser()
  const callbacks = [google.answer(await person.start(), 'ada'), google.answer(await person.start(), 'ada')]
  expect((await at([next]).browser(person.jar).go(callbacks[0]!, away)).status).toBe(400)
  expect((await at([next, old]).browser(person.jar).go(callbacks[0]!, away)).status).toBe(303)
})

it('R137 FIX-01 S67 who signs in as somebody else takes the place of who was there, whose session is over', async () => {
  const { auth, google, events, browser } = createStage()
  const person = browser()
  await person.go(google.answer(await person.start(), 'ada'), away)
  const before = person.cookie(SID)
  await person.go(google.answer(await person.start(), 'bob'), away)
  expect(person.cookie(SID)).not.toBe(before)
  expect((await person.ask('/auth/session')) as object).toMatchObject({ user: { id: 'bob' } })
  expect([await auth.admin.list('ada'), (await auth.admin.list('bob')).length]).toEqual([[], 1])
  expect(events.map(({ type }) => type)).toEqual(['sign-in', 'session-ended', 'sign-in'])
})

it('R137 S66 a sign-in whose proof was looked at before all sessions of the user were ended does not outlive that', async () => {
  const google = createFakeProvider('google')
  const stage = createStage({ providers: { google } })
  const person = stage.browser()
  const callback = google.answer(await person.start(), 'ada')
  const { finish } = google
  Object.assign(google, {
    async finish(...given: Parameters<typeof finish>) {
      const identity = await finish(...given)
      stage.time.advance(1)
      await stage.auth.admin.endAll('ada')
      return identity
    },
  })
  expect((await person.go(callback, away)).status).toBe(503)
  expect([person.cookie(SID), await stage.auth.admin.list('ada')]).toEqual([undefined, []])
  stage.users.set('ada', { id: 'ada', disabled: true })
  expect((await person.go(google.answer(await person.start(), 'ada'), away)).status).toBe(403)
})

it('R137 people who begin and never come back cost the store nothing, and one who comes back a row that expires', async () => {
  const time = createTestClock()
  const kept = memoryStore({ clock: time })
  let writes: string[] = []
  const store: ServerStore = {
    ...kept,
    put(key, value, options) {
      writes.push(`${key} ${value}`)
      return kept.put(key, value, options)
    },
  }
  const { google, browser } = createStage({ store }, time)
  for (let i = 0; i < 20; i++) await browser().start()
  expect(writes).toEqual([])
  const person = browser()
  const callback = google.answer(await person.start('/orders'), 'ada')
  await person.go(callback, away)
  const rows = writes.filter((write) => write.startsWith('attempt:'))
  expect(rows).toHaveLength(2)
  // Neither state nor code is in them, which may still stand in a log.
  for (const secret of [callback.searchParams.get('state'), callback.searchParams.get('code')]) {
    expect(writes.join()).not.toContain(secret)
  }
  time.advance(12 * MINUTE)
  writes = []
  expect(await kept.sweep(10)).toBeGreaterThan(0)
  // Nothing is known of it any more but that he is signed in.
  expect(locationOf(await person.go(callback, away))).toBe(`${ORIGIN}/`)
  expect(writes).toEqual([])
})

it('R137 of two answers of one attempt at once, one signs in, and the other has the same cookie', async () => {
  const { auth, google, browser } = createStage()
  const person = browser()
  const callback = google.answer(await person.start(), 'ada')
  const twice = await Promise.all([person.go(callback, away), person.go(callback, away)])
  const lines = twice.flatMap((answer) => answer.headers.getSetCookie())
  expect(new Set(lines.flatMap((line) => new RegExp(`^${SID}=([^;]+)`).exec(line)?.[1] ?? [])).size).toBe(1)
  expect(await auth.admin.list('ada')).toHaveLength(1)
})

it('R137 nothing of code, state, nonce and verifier is in an event or a page, whatever fails', async () => {
  const { google, events, browser } = createStage()
  const secrets: string[] = []
  const pages: string[] = []
  for (const subject of ['ada', 'eve', 'nobody']) {
    const person = browser()
    const start = await person.start('/orders')
    const callback = google.answer(start, subject)
    const state = callback.searchParams.get('state') ?? ''
    secrets.push(state, callback.searchParams.get('code') ?? '', google.begun.get(state)?.nonce ?? '')
    if (subject === 'nobody') google.fail(new Error('away'))
    pages.push(await (await person.go(callback, away)).text())
    pages.push(await (await person.go(callback, away)).text())
    pages.push(await (await browser().go(callback, away)).text())
  }
  const shown = JSON.stringify([events, pages])
  expect(secrets.filter((secret) => secret === '' || shown.includes(secret))).toEqual([])
})

it('R137 a store that is down keeps the attempt for later', async () => {
  const kept = memoryStore()
  let isDown = false
  const store: ServerStore = {
    ...kept,
    put: (...given) => (isDown ? Promise.reject(new Error('down')) : kept.put(...given)),
  }
  const { google, browser } = createStage({ store })
  const person = browser()
  const callback = google.answer(await person.start(), 'ada')
  isDown = true
  const back = await person.go(callback, away)
  expect([back.status, back.headers.getSetCookie()]).toEqual([503, []])
  isDown = false
  expect((await person.go(callback, away)).status).toBe(303)
})
