import { keyOfSession } from '../../server/records.js'
import { refuse } from '../../server/sign-in.js'
import { must, times } from '../must.js'
import { barrier, createPair, PASS, type Pair, type Stores } from './pair.js'

export interface Case {
  readonly name: string
  judge(stores: Stores, userId: string): Promise<void>
}

const MINUTE = 60_000

/** What ends sessions, by which cookie of which one, and what is said of it then. */
const ENDINGS: readonly [
  name: string,
  end: (pair: Pair, id: string, cookie: string) => Promise<unknown>,
  code: string,
][] = [
  [
    'a logout',
    (pair, id, cookie) => pair.send(pair.there, 'logout', cookie, { session_id: id }),
    'session_revoked',
  ],
  ['an end of all sessions', (pair) => pair.there.admin.endAll(pair.userId), 'session_revoked'],
  ['a ban', (pair) => pair.ban(pair.there), 'user_disabled'],
]

const isRow = (id: string, key: string): boolean => key === keyOfSession(id)

/** Both wait for each other after each read of the session, until one of them is done. */
async function inStep(
  pair: Pair,
  id: string,
  ...both: readonly [() => Promise<unknown>, () => Promise<unknown>]
) {
  let running = 2
  const waiting: (() => void)[] = []
  const letGo = (): void => {
    if (waiting.length >= running) for (const go of waiting.splice(0)) go()
  }
  pair.around = async (step, key, call) => {
    const answer = await call()
    if (step !== 'get' || !isRow(id, key)) return answer
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
      letGo()
    })
    return answer
  }
  const run = async (deed: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await deed()
    } finally {
      running--
      letGo()
    }
  }
  const answers = await Promise.all(both.map(run))
  pair.around = PASS
  return answers
}

async function mustBeOver(pair: Pair, cookies: readonly (string | undefined)[], code: string): Promise<void> {
  for (const cookie of cookies) {
    if (cookie === undefined || cookie === '') continue
    const { status, error } = await pair.send(pair.here, 'refresh', cookie)
    must(status === 401 && error === code, `what was ended stays ended, with ${code}`, [status, error])
  }
}

export const RACES: readonly Case[] = [
  {
    name: 'S02 of 200 refreshes on two servers, all held after their read, each gives the same successor, and the family has one head',
    async judge(stores, userId) {
      const pair = createPair(stores, userId)
      const { id, cookie } = await pair.signIn()
      const arrive = barrier(200)
      let held = 0
      pair.around = async (step, key, call) => {
        const answer = await call()
        if (step === 'get' && isRow(id, key) && held++ < 200) await arrive()
        return answer
      }
      const answers = await times(200, async (index) => {
        const server = index % 2 ? pair.here : pair.there
        let answer = await pair.send(server, 'refresh', cookie)
        // Who has lost ten times on a busy machine comes again, as he is told.
        for (let again = 0; answer.isToComeBack && again < 20; again++) {
          answer = await pair.send(server, 'refresh', cookie)
        }
        return answer
      })
      pair.around = PASS
      const statuses = new Set(answers.map(({ status }) => status))
      must(statuses.size === 1 && statuses.has(200), 'each is answered', [...statuses])
      const given = new Set(answers.map((answer) => answer.cookie))
      must(given.size === 1, 'each gives the same successor', given.size)
      const next = await pair.send(pair.there, 'refresh', [...given][0])
      must(next.status === 200 && !given.has(next.cookie), 'the successor is the head', next.status)
    },
  },
  {
    name: 'S02 two refreshes that go in step, read by read, give the same successor',
    async judge(stores, userId) {
      const pair = createPair(stores, userId)
      const { id, cookie } = await pair.signIn()
      const cookies: unknown[] = []
      const refresh = (server: Pair['here']) => async () =>
        cookies.push((await pair.send(server, 'refresh', cookie)).cookie)
      await inStep(pair, id, refresh(pair.here), refresh(pair.there))
      must(cookies[0] === cookies[1] && typeof cookies[0] === 'string', 'both have the same', cookies)
    },
  },
  {
    name: 'S05 who loses each race is told to come again, and nothing ends',
    async judge(stores, userId) {
      const pair = createPair(stores, userId)
      const { id, cookie } = await pair.signIn()
      // Whatever is read is written by somebody else before it can be put.
      pair.around = async (step, key, call) => {
        if (step === 'put' && isRow(id, key)) {
          const { value, version, now } = await pair.row(id)
          await pair.store.put(key, value, { ifVersion: version, expiresAt: Math.ceil(now) + 60 * MINUTE })
        }
        return call()
      }
      const { isToComeBack, status } = await pair.send(pair.here, 'refresh', cookie)
      must(isToComeBack, 'it is 503 with Retry-After, and no cookie is touched', status)
      pair.around = PASS
      must((await pair.send(pair.here, 'refresh', cookie)).status === 200, 'the session lives on')
    },
  },
  ...ENDINGS.flatMap(([what, end, code]): Case[] => [
    {
      name: `S06 S09 ${what} that commits between read and write of a refresh wins`,
      async judge(stores, userId) {
        const pair = createPair(stores, userId)
        const { id, cookie } = await pair.signIn()
        let isDone = false
        pair.around = async (step, key, call) => {
          if (step === 'put' && isRow(id, key) && !isDone) {
            isDone = true
            await end(pair, id, cookie)
          }
          return call()
        }
        const late = await pair.send(pair.here, 'refresh', cookie)
        must(isDone && late.status === 401 && late.error === code, 'the refresh is refused', late)
        await mustBeOver(pair, [cookie, late.cookie], code)
      },
    },
    {
      name: `S06 S09 ${what} and a refresh that go in step, read by read, leave nothing alive`,
      async judge(stores, userId) {
        const pair = createPair(stores, userId)
        const { id, cookie } = await pair.signIn()
        let given: string | undefined
        const refresh = async () => (given = (await pair.send(pair.here, 'refresh', cookie)).cookie)
        await inStep(pair, id, refresh, () => end(pair, id, cookie))
        await mustBeOver(pair, [cookie, given], code)
        must((await pair.here.admin.list(userId)).length === 0, 'none of his is listed as living')
      },
    },
  ]),
  {
    name: 'S09 no sign-in that is on its way survives the end of all sessions',
    async judge(stores, userId) {
      const pair = createPair(stores, userId)
      const [arrive, leave] = [barrier(2), barrier(2)]
      pair.around = async (step, key, call) => {
        if (step === 'put' && key.startsWith(keyOfSession(''))) {
          await arrive()
          await leave()
        }
        return call()
      }
      const signingIn = pair.send(pair.here, 'login', undefined, { email: userId })
      await arrive()
      pair.around = PASS
      await pair.there.admin.endAll(userId)
      await leave()
      const { status, cookie } = await signingIn
      must(cookie === undefined && status === 503, 'it is to come again', status)
      must((await pair.there.admin.list(userId)).length === 0, 'nothing of it lives')
    },
  },
  {
    name: 'S08 two sign-ins of one user at once are both in his list',
    async judge(stores, userId) {
      const pair = createPair(stores, userId)
      const made = await Promise.all([pair.signIn(pair.here), pair.signIn(pair.there)])
      const listed = (await pair.here.admin.list(userId)).map(({ id }) => id)
      must(listed.length === 2 && made.every(({ id }) => listed.includes(id)), 'both are there', listed)
    },
  },
  {
    name: 'S12 of twenty who show one code to two servers at once, one gets in',
    async judge(stores, userId) {
      const pair = createPair(stores, userId)
      await pair.here.codes.send('sign-in', userId)
      const arrive = barrier(20)
      pair.around = async (step, _key, call) => {
        if (step === 'take') await arrive()
        return call()
      }
      const spent = await times(20, (index) =>
        (index % 2 ? pair.here : pair.there).codes.spend('sign-in', pair.codes[0]!),
      )
      must(spent.filter(({ ok }) => ok).length === 1, 'one of twenty gets in', spent)
    },
  },
  {
    name: 'S13 of a hundred guesses on two servers at once, ten are looked at',
    async judge(stores, userId) {
      let looked = 0
      const pair = createPair(stores, userId, {
        signIn: () => (looked++, refuse('invalid_credentials')),
      })
      const answers = await times(100, (index) =>
        pair.send(index % 2 ? pair.here : pair.there, 'login', undefined, { email: userId }),
      )
      const stopped = answers.filter(({ status }) => status === 429).length
      must(looked === 10 && stopped === 90, 'the rest is refused', [looked, stopped])
    },
  },
]
