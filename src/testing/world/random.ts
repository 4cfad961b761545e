/*
 * Chance that is a pure function of a seed, so that a run can be repeated. `draw` has no memory: a request keeps its
 * fate when a schedule shrinks around it.
 */

/** Scrambles a 32-bit number (a finalizer of the murmur kind). */
function mix(value: number): number {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** Uniform in [0, 1), the same for the same numbers. */
export function draw(...numbers: readonly number[]): number {
  let state = 0x9e3779b9
  for (const number of numbers) state = mix(state ^ mix(number + 0x6d2b79f5)) + 0x9e3779b9
  return mix(state) / 2 ** 32
}

/** An endless sequence of uniform numbers in [0, 1). */
export function sequence(seed: number): () => number {
  let count = 0
  return () => draw(seed, count++)
}
