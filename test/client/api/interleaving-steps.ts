/* What can happen to a page, as data that fast-check can shrink. */
import { type Arbitrary, constant, constantFrom, oneof, record } from 'fast-check'

/** How the server answers from now on. */
export type Mood =
  | 'well'
  | 'silent'
  | 'down'
  | 'offline'
  | 'refusing'
  | 'raced'
  | 'slow'
  | 'throttled'
  | 'garbled'
  | 'somebody else'

export type Step =
  | {
      type: 'call'
      call: 'token' | 'refresh' | 'fetch' | 'abortedToken' | 'login' | 'loginAsBob' | 'logout' | 'ready'
    }
  | { type: 'mood'; mood: Mood }
  | { type: 'signal'; signal: 'wake' | 'online' | 'restore' | 'suspend' | 'hidden' }
  | { type: 'advance'; milliseconds: number }
  | { type: 'sleep'; milliseconds: number }
  | { type: 'reload' }

export const step: Arbitrary<Step> = oneof(
  {
    weight: 6,
    arbitrary: record({
      type: constant('call' as const),
      call: constantFrom(
        'token',
        'refresh',
        'fetch',
        'abortedToken',
        'login',
        'loginAsBob',
        'logout',
        'ready',
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: record({
      type: constant('mood' as const),
      mood: constantFrom(
        'well',
        'silent',
        'down',
        'offline',
        'refusing',
        'raced',
        'slow',
        'throttled',
        'garbled',
        'somebody else',
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: record({
      type: constant('signal' as const),
      signal: constantFrom('wake', 'online', 'restore', 'suspend', 'hidden'),
    }),
  },
  {
    weight: 4,
    arbitrary: record({
      type: constant('advance' as const),
      milliseconds: constantFrom(0, 40, 300, 2500, 9000, 70_000, 310_000),
    }),
  },
  {
    weight: 1,
    arbitrary: record({
      type: constant('sleep' as const),
      milliseconds: constantFrom(1000, 400_000, 30_000_000),
    }),
  },
  { weight: 1, arbitrary: constant({ type: 'reload' as const }) },
)
