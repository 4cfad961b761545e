import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isAuthError } from '../../../src/errors.js'
import { type Answer, BOB, grant, json, refusal, settle, signedIn } from '../../support/kit.js'
import { gate } from '../../support/client.js'

const ANSWERS = ['granted', 'expired', 'refused', 'raced', 'failed', 'lost', 'silent', 'garbage'] as const
type RefreshAnswer = (typeof ANSWERS)[number]

type Step =
  | { do: 'fetch'; method: 'GET' | 'POST' | 'STREAM'; auth: 'required' | 'optional'; abortable: boolean }
  | { do: 'token'; abortable: boolean }
  | { do: 'answer'; which: number; status: 200 | 401 | 403 | 0 }
  | { do: 'abort'; which: number }
  | { do: 'refreshes'; as: RefreshAnswer }
  | { do: 'force' | 'logout' | 'login' | 'switch' | 'dispose' | 'wake' }
  | { do: 'wait'; milliseconds: number }

const flag = fc.boolean()
const index = fc.nat({ max: 7 })
const step = (): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('fetch' as const),
        method: fc.constantFrom('GET', 'POST', 'STREAM'),
        auth: fc.constantFrom('required', 'optional'),
        abortable: flag,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('token' as const), abortable: flag }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('answer' as const),
        which: index,
        status: fc.constantFrom(200, 401, 401, 403, 0),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), which: index }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('refreshes' as const), as: fc.constantFrom(...ANSWERS) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('force', 'logout', 'login', 'switch', 'wake', 'dispose'),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        milliseconds: fc.constantFrom(0, 10, 500, 9000, 61_000, 300_000),
      }),
    },
  )

/** Longer than every deadline, lock and pause together. */
const ALL_DEADLINES = 60_000

async function play(
  steps: readonly Step[],
): Promise<{ calls: number; unsettled: string[]; kinds: Set<string> }> {
  const kit = await signedIn()
  let as: RefreshAnswer = 'granted'
  let number = 1
  const answers: Record<RefreshAnswer, () => Answer> = {
    granted: () => grant(++number),
    expired: () => grant(++number, { expires_in: 0 }),
    refused: () => refusal('session_revoked'),
    raced: () => refusal('refresh_raced', 409),
    failed: () => new Response('<html>', { status: 503 }),
    lost: () => new TypeError('Failed to fetch'),
    silent: () => new Promise<Response>(() => {}),
    garbage: () => new Response('{"access_token":'),
  }
  kit.on('/auth/refresh', () => answers[as]())
  const open: ReturnType<typeof gate>['open'][] = []
  kit.on('/api/orders', () => {
    const { answer, open: give } = gate()
    open.push(give)
    return answer
  })
  const answer = (which: number, status: number): void => {
    const [give] = open.splice(which % (open.length || 1), 1)
    give?.(status === 0 ? new TypeError('Failed to fetch') : json({}, { status }))
  }
  const controllers: AbortController[] = []
  const unsettled = new Map<object, string>()
  const kinds = new Set<string>()
  let calls = 0
  const watch = (name: string, promise: Promise<unknown>): void => {
    const call = {}
    calls++
    unsettled.set(call, name)
    const end = (how: string) => (): void => {
      kinds.add(how)
      unsettled.delete(call)
    }
    promise.then(end('resolved'), (error: Error) => end(isAuthError(error) ? error.code : error.name)())
  }
  const signalFor = (abortable: boolean): { signal?: AbortSignal } => {
    if (!abortable) return {}
    const controller = new AbortController()
    controllers.push(controller)
    return { signal: controller.signal }
  }
  for (const now of steps) {
    if (now.do === 'fetch') {
      const body = now.method === 'STREAM' ? new Blob(['x']).stream() : now.method === 'POST' ? 'x' : null
      const method = now.method === 'GET' ? 'GET' : 'POST'
      const init = {
        method,
        body,
        duplex: 'half',
        auth: now.auth,
        ...signalFor(now.abortable),
      } as RequestInit
      watch(`${now.method} ${now.auth}`, kit.auth.fetch('/api/orders', init))
    } else if (now.do === 'token') watch('token', kit.auth.getAccessToken(signalFor(now.abortable)))
    else if (now.do === 'answer') answer(now.which, now.status)
    else if (now.do === 'abort') controllers[now.which]?.abort()
    else if (now.do === 'refreshes') as = now.as
    else if (now.do === 'force') watch('refresh', kit.auth.refresh({ force: true }))
    else if (now.do === 'logout') watch('logout', kit.auth.logout())
    else if (now.do === 'login' || now.do === 'switch') {
      const user = now.do === 'switch' ? { user: BOB, session_id: `s${number}` } : {}
      kit.on('/auth/login', () => grant(++number, user))
      watch('login', kit.auth.login({}))
    } else if (now.do === 'dispose') kit.auth.dispose()
    else if (now.do === 'wake') kit.signal('wake')
    else if (now.do === 'wait') await kit.clock.advance(now.milliseconds)
    await settle()
  }
  // Resources answer at some time, which is theirs to do; all else ends by itself.
  for (let round = 0; round < 5; round++) {
    while (open.length > 0) answer(0, 401)
    await kit.clock.advance(ALL_DEADLINES / 5)
  }
  while (open.length > 0) answer(0, 401)
  await settle()
  return { calls, unsettled: [...unsettled.values()], kinds }
}

it('R54 whatever happens while a request waits or runs, it settles', async () => {
  const kinds = new Set<string>()
  let calls = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step(), { minLength: 3, maxLength: 20 }), async (steps) => {
      const result = await play(steps)
      calls += result.calls
      for (const kind of result.kinds) kinds.add(kind)
      expect(result.unsettled).toEqual([])
    }),
    { numRuns: 150, seed: 54, endOnFailure: true },
  )
  // A green run means something only where the ways to end were walked.
  expect(calls).toBeGreaterThan(300)
  expect([...kinds]).toEqual(
    expect.arrayContaining([
      'resolved',
      'disposed',
      'session_changed',
      'session_ended',
      'login_required',
      'not_replayable',
      'server_error',
      'network',
      'timeout',
      'refresh_loop',
      'AbortError',
      'TypeError',
    ]),
  )
}, 60_000)

it('R54 a request whose refresh is never answered settles within the deadline of the refresh', async () => {
  const steps: Step[] = [
    { do: 'refreshes', as: 'silent' },
    { do: 'wait', milliseconds: 300_000 },
    { do: 'fetch', method: 'GET', auth: 'required', abortable: false },
  ]
  expect(await play(steps)).toMatchObject({ unsettled: [], kinds: new Set(['timeout']) })
})
