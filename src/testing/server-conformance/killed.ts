import type { AuthServerOptions } from '../../server/create.js'
import { must } from '../must.js'
import { createPair, PASS, type Answer, type Pair } from './pair.js'
import type { Case } from './races.js'

interface Stage {
  readonly pair: Pair
  readonly id: string
  /** What the browser holds: the newest one that has reached it. */
  cookie: string
  /** Of the row, when the deed began. */
  readonly version: string
}

/** What is done, whether it has come about, and what must hold when it has been done once more after the process was killed. */
interface Deed {
  readonly name: string
  readonly options?: Partial<AuthServerOptions>
  prepare?(pair: Pair, id: string): Promise<unknown>
  /** By the first server. A call of a browser gives its answer, others reject. */
  run(stage: Stage): Promise<Answer | void>
  isDone(stage: Stage): Promise<boolean>
  check(stage: Stage, wasDone: boolean, again: Answer | void): Promise<void>
}

const isRowChanged = async ({ pair, id, version }: Stage): Promise<boolean> =>
  (await pair.row(id)).version !== version
const isNoneListed = async ({ pair }: Stage): Promise<boolean> =>
  (await pair.there.admin.list(pair.userId)).length === 0

async function isSignedIn({ pair, cookie }: Stage): Promise<void> {
  const { status, error } = await pair.send(pair.there, 'refresh', cookie)
  must(status === 200, 'the session is not lost', [status, error])
}

const isOver =
  (code: string) =>
  async ({ pair, cookie }: Stage): Promise<void> => {
    const { status, error } = await pair.send(pair.there, 'refresh', cookie)
    must(status === 401 && error === code, 'what was ended is not revived', [status, error])
  }

const DEEDS: readonly Deed[] = [
  {
    name: 'a refresh',
    run: ({ pair, cookie }) => pair.send(pair.here, 'refresh', cookie),
    isDone: isRowChanged,
    check: isSignedIn,
  },
  {
    name: 'a logout',
    options: { revocation: 'deny-list' },
    run: ({ pair, id, cookie }) => pair.send(pair.here, 'logout', cookie, { session_id: id }),
    isDone: isNoneListed,
    check: isOver('session_revoked'),
  },
  {
    name: 'a logout everywhere',
    options: { revocation: 'version' },
    run: ({ pair, id, cookie }) => pair.send(pair.here, 'logout', cookie, { session_id: id, scope: 'all' }),
    isDone: isNoneListed,
    check: isOver('session_revoked'),
  },
  {
    name: 'a ban',
    run: ({ pair }) => pair.ban(pair.here),
    isDone: isNoneListed,
    check: isOver('user_disabled'),
  },
  {
    name: 'a sign-in',
    run: ({ pair }) => pair.send(pair.here, 'login', undefined, { email: pair.userId }),
    isDone: async ({ pair }) => (await pair.there.admin.list(pair.userId)).length > 1,
    async check(stage, _wasDone, again) {
      const { status } = await stage.pair.send(stage.pair.there, 'refresh', again?.cookie)
      must(status === 200, 'who asks again is signed in', status)
      await isSignedIn(stage)
    },
  },
  {
    name: 'a code that is spent',
    prepare: ({ here, userId }) => here.codes.send('sign-in', userId),
    run: async ({ pair }) => void (await pair.here.codes.spend('sign-in', pair.codes[0]!)),
    isDone: async ({ pair }) => !(await pair.there.codes.read('sign-in', pair.codes[0]!)).ok,
    async check(stage) {
      const { ok } = await stage.pair.there.codes.spend('sign-in', stage.pair.codes[0]!)
      must(!ok, 'it is good once')
      await isSignedIn(stage)
    },
  },
  {
    name: 'a new sid for a user whose roles have changed',
    options: { mode: 'session' },
    prepare: ({ here, userId }) => here.admin.renew(userId),
    run: ({ pair, cookie }) => pair.call(pair.here, cookie),
    isDone: isRowChanged,
    async check({ pair, id, cookie }) {
      const { status, error } = await pair.call(pair.there, cookie)
      must(status === 200, 'the session is not lost', [status, error])
      const row = JSON.parse((await pair.row(id)).value) as { readonly renewal?: boolean }
      must(row.renewal === false, 'and has its new cookie')
    },
  },
]

const KILLED = 'killed'

/** Runs a deed on a store that is gone from this call on, or once it has been done; never where there is no such call. */
async function cutOff(stage: Stage, deed: Deed, at: number, when: 'before' | 'after'): Promise<number> {
  let calls = 0
  let isDead = false
  stage.pair.around = async (_step, _key, call) => {
    const isLast = calls++ === at
    isDead ||= isLast && when === 'before'
    if (isDead) throw new Error(KILLED)
    const answer = await call()
    isDead ||= isLast
    if (isDead) throw new Error(KILLED)
    return answer
  }
  const answer = await deed.run(stage).catch(() => undefined)
  stage.pair.around = PASS
  // A deed that could still be answered has had its answer.
  if (answer?.cookie) stage.cookie = answer.cookie
  const { isToComeBack = true, status = 0 } = answer ?? {}
  const isQuiet = isToComeBack || (status < 400 && !answer?.cookie)
  must(calls <= at || isQuiet, 'a store that is gone signs nobody out', [at, when, answer])
  return calls
}

export const KILLS: readonly Case[] = DEEDS.map((deed) => ({
  name: `S04 S14 ${deed.name} that is cut off before or after any call to the store loses no session and revives none, once it is asked again`,
  async judge(stores, userId) {
    const set = async (name: string): Promise<Stage> => {
      const pair = createPair(stores, `${userId}-${name}`, deed.options)
      const { id, cookie } = await pair.signIn()
      await deed.prepare?.(pair, id)
      return { pair, id, cookie, version: (await pair.row(id)).version }
    }
    const total = await cutOff(await set('whole'), deed, Infinity, 'before')
    must(total > 1, 'it calls the store', total)
    const outcomes = await Promise.all(
      Array.from({ length: total }, (_, at) => at).flatMap((at) =>
        (['before', 'after'] as const).map(async (when) => {
          const stage = await set(`${at}-${when}`)
          await cutOff(stage, deed, at, when)
          const wasDone = await deed.isDone(stage)
          const again = await deed.run(stage)
          if (again?.cookie) stage.cookie = again.cookie
          await deed.check(stage, wasDone, again)
          return wasDone
        }),
      ),
    )
    const applied = outcomes.filter(Boolean).length
    must(applied > 0 && applied < outcomes.length, 'some were killed too early and some too late', [
      applied,
      outcomes.length,
    ])
  },
}))
