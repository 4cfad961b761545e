import type { Epoch } from './types.js'

/** The epoch of a browser in which nothing was ever learned. */
export const NO_EPOCH: Epoch = [0, '']

export const isSame = (a: Epoch, b: Epoch): boolean => a[0] === b[0] && a[1] === b[1]

export const isNewer = (a: Epoch, than: Epoch): boolean =>
  a[0] > than[0] || (a[0] === than[0] && a[1] > than[1])

/** Later than every epoch seen, also where the wall clock was set back. */
export const nextEpoch = (seen: Epoch, wall: number, id: string): Epoch => [
  Math.max(seen[0] + 1, Math.floor(wall)),
  id,
]

/**
 * A hundred years, in milliseconds. So far ahead of the clock lie the honest epochs of a machine whose clock fell back to
 * 1970, and they stay in force. One planted at the very end of all numbers could never be followed by a newer one; one
 * planted here can, because the clock goes on.
 */
const FARTHEST = 3.2e12

/** Reads an epoch out of untrusted data; undefined also where it is impossibly far ahead of the wall clock. */
export function parseEpoch(value: unknown, wall: number): Epoch | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [at, id] = value as unknown[]
  const valid =
    Number.isInteger(at) &&
    (at as number) >= 0 &&
    (at as number) <= wall + FARTHEST &&
    typeof id === 'string' &&
    id.length <= 64
  return valid ? [at as number, id] : undefined
}
