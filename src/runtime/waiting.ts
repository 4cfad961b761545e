import type { Clock } from '../core/ports.js'

/** Settles as the promise does, or rejects with the reason of the first signal that aborts before. */
export function raced<T>(
  promise: Promise<T>,
  ...signals: readonly (AbortSignal | null | undefined)[]
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stops: Array<() => void> = []
    const settle = (act: () => void) => {
      for (const stop of stops) stop()
      act()
    }
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
    for (const signal of signals) {
      if (!signal) continue
      const abort = () => settle(() => reject(signal.reason))
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort)
      stops.push(() => signal.removeEventListener('abort', abort))
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
        stop()
        callback()
      })
      const stop = () => {
        signal.removeEventListener('abort', stop)
        cancel()
      }
      signal.addEventListener('abort', stop)
      return stop
    },
  }
}

export const pause = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((resolve) => void clock.after(milliseconds, resolve))

/** A signal that aborts with the first of the given ones, and what lets go of them. */
export function linked(
  ...given: readonly (AbortSignal | null | undefined)[]
): readonly [AbortSignal, release: () => void] {
  const signals = given.filter((signal) => signal !== null && signal !== undefined)
  if (typeof AbortSignal.any === 'function') return [AbortSignal.any(signals), () => {}]
  const controller = new AbortController()
  const stops = signals.map((signal) => {
    const abort = () => controller.abort(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    return () => signal.removeEventListener('abort', abort)
  })
  return [controller.signal, () => stops.forEach((stop) => stop())]
}
