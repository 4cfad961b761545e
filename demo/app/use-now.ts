import { useEffect, useState } from 'react'

/** The time, some times a second while the page is in view; undefined stops it. */
export function useNow(milliseconds: number | undefined): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (milliseconds === undefined) return undefined
    const tick = () => setNow(Date.now())
    tick()
    const timer = setInterval(tick, milliseconds)
    document.addEventListener('visibilitychange', tick)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }, [milliseconds])
  return now
}

/** Whole seconds until then, zero when it has passed. */
export const secondsUntil = (then: number, now: number): number => Math.max(0, Math.ceil((then - now) / 1000))
