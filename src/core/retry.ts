export interface RetryPolicy {
  /** First delay in milliseconds. */
  readonly base: number
  /** Largest delay in milliseconds. */
  readonly cap: number
}

/** Delay in milliseconds before the next attempt: doubles with every failure, and half of it is left to chance. */
export function backoff(failures: number, fraction: number, policy: RetryPolicy): number {
  const delay = Math.min(policy.cap, policy.base * 2 ** Math.min(failures - 1, 30))
  return delay / 2 + (fraction * delay) / 2
}
