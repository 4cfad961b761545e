import { later, must } from '../must.js'
import { createPair, PASS, type Around, type Pair } from './pair.js'
import type { Case } from './races.js'

const never = (): Promise<never> => new Promise(() => undefined)

const FAULTS: readonly [name: string, around: Around][] = [
  ['fails', () => Promise.reject(new Error('ECONNREFUSED'))],
  ['never answers', never],
  ['answers nonsense', () => Promise.resolve({ value: '{"format":2}', version: 1, now: 'soon' })],
]

/** All that a browser with a session may ask, and one that has none yet. */
const asks = (pair: Pair, id: string, cookie: string, mode: 'token' | 'session') => [
  () => pair.send(pair.here, 'login', undefined, { email: pair.userId }),
  () => pair.send(pair.here, 'logout', cookie, { session_id: id }),
  () => (mode === 'token' ? pair.send(pair.here, 'refresh', cookie) : pair.call(pair.here, cookie)),
]

export const STORE_FAULTS: readonly Case[] = [
  ...FAULTS.flatMap(([what, around]) =>
    (['token', 'session'] as const).map((mode) => ({
      name: `S01 S15 a store that ${what} signs nobody out in ${mode} mode: 503, no cookie, and all is well when it is back`,
      async judge(stores: Parameters<Case['judge']>[0], userId: string) {
        const { id, cookie } = await createPair(stores, userId, { mode }).signIn()
        const pair = createPair(stores, userId, { mode, storeTimeoutMs: 50 })
        pair.around = around
        for (const ask of asks(pair, id, cookie, mode)) {
          const answer = await ask()
          must(answer.isToComeBack, 'it is 503 with Retry-After, and no cookie is touched', answer)
        }
        const back = createPair(stores, userId, { mode })
        const { status } = await (mode === 'token'
          ? back.send(back.here, 'refresh', cookie)
          : back.call(back.here, cookie))
        must(status === 200, 'the session lives on', status)
      },
    })),
  ),
  {
    name: 'S14 a write whose answer is lost is as if it had been answered, and one that lands late changes nothing',
    async judge(stores, userId) {
      const pair = createPair(stores, userId)
      const { id, cookie } = await pair.signIn()
      let late: (() => Promise<unknown>) | undefined
      pair.around = async (step, _key, call) => {
        const answer = await call()
        if (step !== 'put') return answer
        late = call
        throw new Error('the connection broke')
      }
      const lost = await pair.send(pair.here, 'refresh', cookie)
      pair.around = PASS
      must(lost.isToComeBack, 'it is to come again', lost)
      const again = await pair.send(pair.there, 'refresh', cookie)
      must(again.status === 200, 'it is answered', again)
      const { version } = await pair.row(id)
      await late?.()
      must((await pair.row(id)).version === version, 'the late one changes nothing')
      const next = await pair.send(pair.here, 'refresh', again.cookie)
      must(next.status === 200, 'what was answered is the head', next)
    },
  },
]

/** Those that wait for the store's clock. */
export const endings = (advance: (ms: number) => Promise<void> | void = later): readonly Case[] => [
  {
    name: 'S10 a session that is past its end is over for both servers, whoever refreshes and sweeps meanwhile, and no other is',
    async judge(stores, userId) {
      const long = createPair(stores, userId)
      const kept = await long.signIn()
      const short = createPair(stores, `${userId}-short`, { sessionMs: 500 })
      const { id, cookie } = await short.signIn()
      const { expiresAt } = JSON.parse((await short.row(id)).value) as { readonly expiresAt: number }
      for (let { now } = await short.row(id); now < expiresAt; { now } = await short.row(id)) {
        await advance(Math.ceil(expiresAt - now))
      }
      const answers = await Promise.all([
        short.send(short.here, 'refresh', cookie),
        short.send(short.there, 'refresh', cookie),
        long.send(long.there, 'refresh', kept.cookie),
        long.here.admin.sweep(5),
        long.there.admin.sweep(5),
      ])
      const [one, other, lives, ...swept] = answers
      must(
        [one, other].every(({ error }) => error === 'session_expired'),
        'it is over',
        [one, other],
      )
      must(lives.status === 200, 'the other one lives', lives)
      must(
        swept.every((count) => count <= 5),
        'a sweep keeps to its limit',
        swept,
      )
      must((await short.here.admin.list(short.userId)).length === 0, 'it is listed no more')
    },
  },
]
