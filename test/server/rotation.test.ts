import { expect, it } from 'vitest'
import { createDeterministicSigner } from '../../src/server/signers.ts'
import {
  cookieOf,
  createTestBackend,
  DAY,
  errorOf,
  HOUR,
  login,
  MINUTE,
  refresh,
  REFRESH,
  refreshWith,
  type Grant,
  type TestBackend,
  VALUE,
  START,
} from './support.ts'

const SECOND = 1000

/** The outcome of each step below: 200 with the new cookie's name, or the error and what becomes of the cookie. */
async function outcome(answer: Response, names: Map<string, string>): Promise<string> {
  const cookie = cookieOf(answer)
  if (answer.status === 200) {
    if (cookie === undefined) return '200 without cookie'
    if (!names.has(cookie)) names.set(cookie, `t${names.size}`)
    return `200 ${names.get(cookie)}`
  }
  const [status, error] = await errorOf(answer)
  return `${status} ${error}, cookie ${cookie === undefined ? 'kept' : cookie === '' ? 'deleted' : 'set'}`
}

// A script is: a time to let pass, `api` with the last token, or the refresh token to present; then what it must answer.
type Step = number | 'api' | 'ban' | 'end' | [present: string, expected: string]

const LINES: [name: string, script: Step[], options?: object][] = [
  [
    'ROT-01 an unknown cookie is session_expired and nothing is set',
    [['never minted', '401 session_expired, cookie kept']],
  ],
  ['ROT-01 no cookie is session_expired and nothing is set', [['none', '401 session_expired, cookie kept']]],
  [
    'ROT-01 the head is spent for a successor, which is the new head',
    [
      ['t0', '200 t1'],
      ['t1', '200 t2'],
      ['t2', '200 t3'],
    ],
  ],
  [
    'ROT-03 a spent token gets the same successor for 30 s',
    [['t0', '200 t1'], 30 * SECOND, ['t0', '200 t1'], ['t1', '200 t2']],
  ],
  [
    'ROT-03 a spent token is refused after 30 s once the successor was delivered',
    [['t0', '200 t1'], 'api', 30 * SECOND + 1, ['t0', '401 refresh_reused, cookie deleted']],
  ],
  [
    'ROT-03 delivery alone does not shorten the 30 s',
    [['t0', '200 t1'], 'api', 30 * SECOND, ['t0', '200 t1']],
  ],
  [
    'ROT-03 a spent token is refused at once when its successor was presented',
    [
      ['t0', '200 t1'],
      ['t1', '200 t2'],
      ['t0', '401 refresh_reused, cookie deleted'],
    ],
  ],
  [
    'ROT-02 an undelivered successor is given again for 24 h',
    [['t0', '200 t1'], DAY, ['t0', '200 t1'], 'api', ['t1', '200 t2']],
  ],
  [
    'ROT-02 an undelivered successor is refused after 24 h',
    [['t0', '200 t1'], DAY + 1, ['t0', '401 refresh_reused, cookie deleted']],
  ],
  [
    'ROT-02 the token that came with the redelivery delivers the successor too',
    [['t0', '200 t1'], HOUR, ['t0', '200 t1'], 'api', ['t0', '401 refresh_reused, cookie deleted']],
  ],
  [
    'ROT-02 undeliveredGraceMs 0 is strict',
    [['t0', '200 t1'], 30 * SECOND + 1, ['t0', '401 refresh_reused, cookie deleted']],
    { undeliveredGraceMs: 0 },
  ],
  [
    'ROT-03 without any grace a spent token is refused in the same instant',
    [
      ['t0', '200 t1'],
      ['t0', '401 refresh_reused, cookie deleted'],
    ],
    { graceMs: 0, undeliveredGraceMs: 0 },
  ],
  [
    'SEC-12 reuse ends the family for both parties',
    [
      ['t0', '200 t1'],
      ['t1', '200 t2'],
      ['t0', '401 refresh_reused, cookie deleted'],
      ['t2', '401 refresh_reused, cookie kept'],
      ['t0', '401 refresh_reused, cookie kept'],
    ],
  ],
  [
    'ROT-04 CK-06 the absolute end is final and deletes the cookie',
    [2 * HOUR, ['t0', '401 session_expired, cookie deleted']],
    { sessionMs: 2 * HOUR },
  ],
  [
    'ROT-04 a successor inherits the absolute end however often it rotates',
    [HOUR, ['t0', '200 t1'], HOUR - 1, ['t1', '200 t2'], 1, ['t2', '401 session_expired, cookie deleted']],
    { sessionMs: 2 * HOUR },
  ],
  [
    'CK-06 an idle session ends with its reason',
    [HOUR + 1, ['t0', '401 idle_timeout, cookie deleted']],
    { idleMs: HOUR },
  ],
  [
    'TMO-01 use inside the idle limit keeps it alive',
    [HOUR, ['t0', '200 t1'], HOUR, ['t1', '200 t2']],
    { idleMs: HOUR },
  ],
  [
    'R107 a call with a token is nobody: a page that asks now and then does so with nobody at it',
    [4 * MINUTE, 'api', 4 * MINUTE, ['t0', '401 idle_timeout, cookie deleted']],
    { idleMs: 5 * MINUTE },
  ],
  [
    'TMO-02 an idle session stays over, its token notwithstanding',
    [3 * MINUTE, 'api', ['t0', '401 idle_timeout, cookie deleted']],
    { idleMs: 2 * MINUTE },
  ],
  [
    'REV-05 a session ended elsewhere is session_revoked, and the jar may be the next user’s by then',
    ['end', ['t0', '401 session_revoked, cookie kept']],
  ],
  ['REV-05 AV-16 a disabled account is user_disabled', ['ban', ['t0', '401 user_disabled, cookie deleted']]],
  [
    'REV-05 a refresh_raced policy refuses inside the grace, sets nothing and ends nothing',
    [
      ['t0', '200 t1'],
      ['t0', '409 refresh_raced, cookie kept'],
      ['t1', '200 t2'],
      ['t0', '401 refresh_reused, cookie deleted'],
    ],
    { onRace: 'refuse' },
  ],
  [
    'ROT-03 a token on its way while its successors were spent gets the newest for 30 s from when it was spent itself',
    [['t0', '200 t1'], 20 * SECOND, ['t1', '200 t2'], ['t2', '200 t3'], 10 * SECOND, ['t0', '200 t3']],
    { graceGenerations: 8 },
  ],
  [
    'ROT-03 where an undelivered successor was given again late, another request with the same cookie may be on its way',
    [
      ['t0', '200 t1'],
      HOUR,
      ['t0', '200 t1'],
      ['t1', '200 t2'],
      30 * SECOND,
      ['t0', '200 t2'],
      1,
      ['t0', '401 refresh_reused, cookie deleted'],
    ],
    { graceGenerations: 8 },
  ],
  [
    'ROT-03 it is refused after 30 s, also while the newest is undelivered',
    [['t0', '200 t1'], ['t1', '200 t2'], 30 * SECOND + 1, ['t0', '401 refresh_reused, cookie deleted']],
    { graceGenerations: 8 },
  ],
  [
    'ROT-03 it is refused beyond the generations that are kept',
    [
      ['t0', '200 t1'],
      ['t1', '200 t2'],
      ['t2', '200 t3'],
      ['t1', '200 t3'],
      ['t0', '401 refresh_reused, cookie deleted'],
    ],
    { graceGenerations: 2 },
  ],
]

it.each(LINES)('%s', async (_name, script, options = {}) => {
  const backend = await createTestBackend({ graceGenerations: 1, ...options })
  const browser = backend.browser()
  const { access_token, session_id } = await login(browser)
  const names = new Map([[browser.cookie() ?? '', 't0']])
  const valueOf = (name: string): string | undefined =>
    [...names].find(([, known]) => known === name)?.[0] ?? (name === 'none' ? undefined : name)

  let token = access_token
  for (const step of script) {
    if (typeof step === 'number') backend.time.advance(step)
    else if (step === 'end') await backend.admin.endSession(session_id)
    else if (step === 'ban') await backend.admin.ban('ada')
    else if (step === 'api') expect((await browser.send('GET', '/api/orders', { token })).status).toBe(200)
    else {
      const answer = await refreshWith(browser, valueOf(step[0]))
      if (answer.status === 200) token = ((await answer.clone().json()) as Grant).access_token
      expect([step[0], await outcome(answer, names)]).toEqual(step)
    }
  }
})

it('ROT-03 CK-13 parallel refreshes all get the identical cookie and tokens of their own', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  await login(browser)
  const cookie = browser.cookie()
  const answers = await Promise.all(Array.from({ length: 20 }, () => refreshWith(browser, cookie)))
  const grants = (await Promise.all(answers.map((answer) => answer.json()))) as Grant[]

  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
  expect(new Set(answers.map((answer) => answer.headers.getSetCookie()[0])).size).toBe(1)
  expect(cookieOf(answers[0] ?? new Response())).not.toBe(cookie)
  expect(new Set(grants.map(({ access_token }) => access_token)).size).toBe(20)
  expect(new Set(grants.map(({ session_id }) => session_id)).size).toBe(1)
  expect(backend.stats.all()['refresh']).toEqual({ rotated: 1, redelivered: 19 })
})

it('SEC-12 of parallel refreshes with head and spent token each is answered by the row that it read, and nothing is minted twice', async () => {
  const backend = await createTestBackend({ graceGenerations: 1 })
  const browser = backend.browser()
  await login(browser)
  const t0 = browser.cookie()
  const t1 = cookieOf(await refreshWith(browser, t0))
  const [a, b, c] = await Promise.all([
    refreshWith(browser, t1),
    refreshWith(browser, t1),
    refreshWith(browser, t0),
  ])
  expect(cookieOf(a)).toBe(cookieOf(b))
  // The spent one was read while its successor was the head, and is given that one. A moment later it is reuse.
  expect(cookieOf(c)).toBe(t1)
  expect(await errorOf(await refreshWith(browser, t0))).toEqual([401, 'refresh_reused'])
})

it('ERR-08 cookie and access token travel in one answer, with the identity and nothing else', async () => {
  const browser = (await createTestBackend()).browser()
  const first = await login(browser)
  const answer = await browser.send('POST', '/auth/refresh')
  expect(cookieOf(answer)).toMatch(VALUE)
  expect(await answer.json()).toEqual({
    access_token: expect.stringMatching(/^[\w.-]+$/),
    token_type: 'Bearer',
    expires_in: 300,
    user: { id: 'ada', email: 'ada@example.com', name: 'Ada', roles: ['admin'] },
    session_id: first.session_id,
  })
})

it('ROT-04 neither token nor cookie outlives the absolute end', async () => {
  const backend = await createTestBackend({ sessionMs: 10 * MINUTE })
  const browser = backend.browser()
  await login(browser)
  backend.time.advance(8 * MINUTE)
  const answer = await browser.send('POST', '/auth/refresh')
  expect(answer.headers.getSetCookie()[0]).toContain('; Max-Age=120;')
  expect(((await answer.json()) as Grant).expires_in).toBe(120)
})

it('TMO-02 a refresh marked as background does not extend the idle limit', async () => {
  const backend = await createTestBackend({ idleMs: HOUR })
  const browser = backend.browser()
  await login(browser)
  backend.time.advance(40 * MINUTE)
  expect((await browser.send('POST', '/auth/refresh', { body: { background: true } })).status).toBe(200)
  backend.time.advance(21 * MINUTE)
  expect(await errorOf(await browser.send('POST', '/auth/refresh'))).toEqual([401, 'idle_timeout'])
})

it('REV-05 a session that was over already keeps its reason when all are ended', async () => {
  const backend = await createTestBackend({ idleMs: HOUR })
  const browser = backend.browser()
  await login(browser)
  const cookie = browser.cookie()
  backend.time.advance(HOUR + 1)
  await backend.admin.endAllSessions('ada')
  expect(await errorOf(await refreshWith(browser, cookie))).toEqual([401, 'idle_timeout'])
})

it.each([
  ['session_revoked', 'kept', (backend: TestBackend, id: string) => backend.admin.endSession(id)],
  ['user_disabled', 'deleted', (backend: TestBackend) => backend.admin.ban('ada')],
] as const)(
  'AV-16 liveness is checked again at commit: %s while the token is signed, cookie %s',
  async (code, cookieIs, end) => {
    const signer = createDeterministicSigner()
    const whileSigning: (() => Promise<void>)[] = []
    const backend = await createTestBackend({
      signer: {
        ...signer,
        async sign(claims) {
          for (const act of whileSigning) await act()
          return signer.sign(claims)
        },
      },
    })
    const browser = backend.browser()
    const { session_id } = await login(browser)
    const cookie = browser.cookie()
    whileSigning.push(() => end(backend, session_id))
    const answer = await refreshWith(browser, cookie)
    expect(cookieOf(answer)).toBe(cookieIs === 'deleted' ? '' : undefined)
    expect(await errorOf(answer)).toEqual([401, code])
  },
)

it('AV-16 a refresh that was first dies with the logout that follows, and the old cookie with it', async () => {
  const browser = (await createTestBackend()).browser()
  const { session_id } = await login(browser)
  const t0 = browser.cookie()
  const [refreshed, out] = await Promise.all([
    refreshWith(browser, t0),
    browser.send('POST', '/auth/logout', { body: { session_id } }),
  ])
  expect(out.status).toBe(204)
  const held = [t0, cookieOf(refreshed)].filter((cookie) => cookie !== undefined && cookie !== '')
  expect(held.length).toBeGreaterThan(0)
  for (const cookie of held) {
    expect(await errorOf(await refreshWith(browser, cookie))).toEqual([401, 'session_revoked'])
  }
})

it('AV-14 the store keeps neither a refresh token nor its successor in the clear', async () => {
  const { memoryStore } = await import('../../src/server/stores/memory.ts')
  const { createSealer } = await import('../../src/server/sealer.ts')
  const { createSeededRandom } = await import('../../src/testing/backend/deterministic.ts')
  const store = memoryStore({ clock: { now: () => START } })
  const browser = (await createTestBackend({ store, sealer: createSealer(createSeededRandom(7)) })).browser()
  await login(browser)
  const t0 = browser.cookie() ?? ''
  await refresh(browser)
  const t1 = browser.cookie() ?? ''
  const [key = ''] = (await store.sessionsOf('ada')).keys
  const dump = (await store.get(key))?.value ?? ''
  expect(dump).toContain('sealedNext')
  for (const cookie of [t0, t1]) expect(dump).not.toContain(cookie.split('.')[2])
  expect(cookieOf(await refreshWith(browser, t0))).toBe(t1)
})

it('ROT-01 each refresh spends the cookie it came with and sets its successor', async () => {
  const browser = (await createTestBackend()).browser()
  await login(browser)
  const first = browser.cookie()
  await refresh(browser)
  expect(browser.cookie()).not.toBe(first)
})

it('AV-14 a cookie is 256 random bits and a session id 128', async () => {
  const browser = (await createTestBackend()).browser()
  const { session_id } = await login(browser)
  expect(Buffer.from(browser.cookie()?.split('.')[2] ?? '', 'base64url')).toHaveLength(32)
  expect(Buffer.from(session_id, 'base64url')).toHaveLength(16)
})

/** A thief has copied the cookie, and shows what he has a second after each refresh of its owner. Gives the round that noticed him. */
async function follow(options: object): Promise<number | undefined> {
  const backend = await createTestBackend({ sessionMs: 30 * DAY, ...options })
  const browser = backend.browser()
  let { access_token: token } = await login(browser)
  let copied = browser.cookie()
  for (let round = 1; round <= 200; round++) {
    backend.time.advance(5 * MINUTE)
    token = (await refresh(browser)).access_token
    expect((await browser.send('GET', '/api/orders', { token })).status).toBe(200)
    backend.time.advance(SECOND)
    const theirs = await backend.browser().send('POST', '/auth/refresh', {
      headers: { cookie: `${REFRESH}=${copied}` },
    })
    if (theirs.status !== 200) {
      // Nobody can say which of the two is the thief: both are out.
      expect(await errorOf(theirs)).toEqual([401, 'refresh_reused'])
      expect((await browser.send('POST', '/auth/refresh')).status).toBe(401)
      return round
    }
    copied = cookieOf(theirs)
    expect(copied).toBe(browser.cookie())
  }
  return undefined
}

it.each<[expected: number | undefined, how: string, options: object]>([
  [undefined, 'the grace of the default', {}],
  [undefined, 'one generation', { graceGenerations: 1 }],
  [undefined, 'a grace of two seconds', { graceMs: 2 * SECOND, undeliveredGraceMs: 0 }],
  [1, 'no grace for what was delivered', { graceMs: 0 }],
  [1, 'no grace at all', { graceMs: 0, undeliveredGraceMs: 0 }],
])(
  'SEC-12 a thief who stays close is noticed in round %s of 200 with %s',
  async (expected, _how, options) => {
    expect(await follow(options)).toBe(expected)
  },
)
