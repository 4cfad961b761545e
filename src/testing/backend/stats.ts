import type { Endpoint } from './endpoints.js'

/**
 * Requests the server saw, by endpoint and outcome: `ok`, an error code, `rotated`, `redelivered`, or
 * `fault:…`.
 */
export interface Stats {
  record(endpoint: string, outcome: string): void
  /** How many; without arguments all of them. */
  count(endpoint?: Endpoint, outcome?: string): number
  all(): Record<string, Record<string, number>>
  reset(): void
}

export function createStats(): Stats {
  const counts = new Map<string, Map<string, number>>()
  return {
    record(endpoint, outcome) {
      const outcomes = counts.get(endpoint) ?? new Map<string, number>()
      counts.set(endpoint, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1))
    },
    count(endpoint, outcome) {
      let sum = 0
      for (const [name, outcomes] of counts) {
        if (endpoint !== undefined && name !== endpoint) continue
        for (const [key, number] of outcomes) if (outcome === undefined || key === outcome) sum += number
      }
      return sum
    },
    all: () =>
      Object.fromEntries([...counts].map(([name, outcomes]) => [name, Object.fromEntries(outcomes)])),
    reset: () => counts.clear(),
  }
}
