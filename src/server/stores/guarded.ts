import { unavailable } from '../answers.js'
import type { ServerStore, Stored } from './store.js'

/**
 * The store as the server sees it: what rejects, hangs past the bound or answers nonsense is one refusal, 503, so that a database that
 * is down signs nobody out.
 */
export function guardStore(
  store: ServerStore,
  timeoutMs: number | undefined,
  onFault: (error: unknown) => void = () => undefined,
): ServerStore {
  const ask = async <T>(
    name: string,
    work: () => Promise<T>,
    isSound: (answer: T) => boolean,
  ): Promise<T> => {
    try {
      const answer = await (timeoutMs === undefined ? work() : within(timeoutMs, name, work))
      if (isSound(answer)) return answer
      throw new TypeError(`The store answered nonsense to ${name}`)
    } catch (error) {
      onFault(error)
      throw unavailable()
    }
  }
  const isStored = (answer: Stored | undefined): boolean =>
    answer === undefined ||
    (typeof answer?.value === 'string' && typeof answer.version === 'string' && Number.isFinite(answer.now))

  return {
    get: (key) => ask('get', () => store.get(key), isStored),
    put: (...put) =>
      ask(
        'put',
        () => store.put(...put),
        (answer) => typeof answer === 'boolean',
      ),
    take: (key) => ask('take', () => store.take(key), isStored),
    count: (...counted) =>
      ask(
        'count',
        () => store.count(...counted),
        (answer) => [answer?.count, answer?.endsAt, answer?.now].every(Number.isFinite),
      ),
    sessionsOf: (...asked) =>
      ask(
        'sessionsOf',
        () => store.sessionsOf(...asked),
        (answer) => Array.isArray(answer?.keys),
      ),
    bumpUser: (...bumped) => ask('bumpUser', () => store.bumpUser(...bumped), Number.isFinite),
    userGeneration: (userId) =>
      ask(
        'userGeneration',
        () => store.userGeneration(userId),
        (answer) => Number.isFinite(answer?.generation) && Number.isFinite(answer.now),
      ),
    sweep: (limit) => store.sweep(limit),
  }
}

async function within<T>(timeoutMs: number, name: string, work: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`The store did not answer ${name} within ${timeoutMs} ms`)),
      timeoutMs,
    )
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
