/* What the conformance suites are made of. They know of no test runner. */

export const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export function must(holds: boolean, promise: string, found?: unknown): asserts holds {
  if (!holds) throw new Error(`${promise}${found === undefined ? '' : `, and not: ${JSON.stringify(found)}`}`)
}

export const times = <T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)))
