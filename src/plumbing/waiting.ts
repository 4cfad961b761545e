import type { Clock } from '../core/ports.js'

type Act = () => void

const waiting = new WeakMap<AbortSignal, Set<Act>>()

/**
 * Calls back when the signal aborts, and returns what stops it. All who wait share one listener, since a browser compares
 * each new one with those that are there.
 */
function onAbort(signal: AbortSignal, act: Act): Act {
  let acts = waiting.get(signal)
  if (!acts) {
    acts = new Set()
    waiting.set(signal, acts)
    signal.addEventListener('abort', run)
  }
  acts.add(act)
  return () => {
    if (!acts.delete(act) || acts.size > 0) return
    waiting.delete(signal)
    signal.removeEventListener('abort', run)
  }
}

function run({ target }: Event): void {
  waiting.get(target as AbortSignal)?.forEach((act) => act())
}

/** Settles as the promise does, or rejects with the reason of the first signal that aborts before. */
export function raced<T>(
  promise: Promise<T>,
  ...signals: readonly (AbortSignal | null | undefined)[]
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stops: Act[] = []
    const stop = () => stops.forEach((stop) => stop())
    void promise.then(stop, stop)
    promise.then(resolve, reject)
    for (const signal of signals) {
      if (!signal) continue
      const abort = () => {
        stop()
        reject(signal.reason)
      }
      if (signal.aborted) return abort()
      stops.push(onAbort(signal, abort))
    }
  })
}

/** What the promise resolves to, or undefined when the time is up before. The promise goes on. */
export function within<T>(clock: Clock, milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise<T | undefined>((resolve, reject) => {
    const cancel = clock.after(milliseconds, () => resolve(undefined))
    promise.then(resolve, reject).finally(cancel)
  })
}

/** The same clock, whose timers end with the signal. */
export function bound(clock: Clock, signal: AbortSignal): Clock {
  return {
    wall: () => clock.wall(),
    monotonic: () => clock.monotonic(),
    after(milliseconds, callback) {
      if (signal.aborted) return () => {}
      const cancel = clock.after(milliseconds, () => {
        unbind()
        callback()
      })
      const stop = () => {
        unbind()
        cancel()
      }
      const unbind = onAbort(signal, stop)
      return stop
    },
  }
}

export const pause = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((resolve) => void clock.after(milliseconds, resolve))

let unread: FinalizationRegistry<Act> | undefined

/**
 * A signal that aborts with the first of the given ones, and what lets go of them: at once, or when nobody can read the
 * stream any more, which they end as well.
 */
export function linked(
  ...given: readonly (AbortSignal | null | undefined)[]
): readonly [AbortSignal, release: (response?: Response) => void] {
  const signals = given.filter((signal) => signal !== null && signal !== undefined)
  if (typeof AbortSignal.any === 'function') return [AbortSignal.any(signals), () => {}]
  const controller = new AbortController()
  const stops = signals.map((signal) => {
    const abort = () => controller.abort(signal.reason)
    if (signal.aborted) abort()
    return onAbort(signal, abort)
  })
  const stop = () => stops.forEach((stop) => stop())
  const release = (response?: Response) => {
    if (!response?.body) return stop()
    unread ??= new FinalizationRegistry((stop) => stop())
    unread.register(response.body, stop)
  }
  return [controller.signal, release]
}
