import type { CreateStore, StoreCheck, StoreConformanceOptions } from '../store-conformance.js'
import { endings, STORE_FAULTS } from './faults.js'
import { KILLS } from './killed.js'
import { RACES } from './races.js'

/**
 * What two servers on one store promise, as checks to hand to any test runner, after those of `storeConformance`: whoever meets whom, whatever the store
 * does, and wherever a process is killed. They use users of their own, so that they may run beside each other and on data that is there.
 *
 * @example
 * import { memoryStore, serverConformance } from 'latchkey/testing'
 * import { it } from 'vitest'
 * const store = memoryStore()
 * for (const { name, run } of serverConformance(async () => store)) it(name, run)
 */
export function serverConformance(
  create: CreateStore,
  { advance }: StoreConformanceOptions = {},
): readonly StoreCheck[] {
  const run = Math.random().toString(36).slice(2)
  return [...RACES, ...STORE_FAULTS, ...endings(advance), ...KILLS].map(({ name, judge }, index) => ({
    name,
    run: async () => judge([await create(), await create()], `check-${run}-${index}`),
  }))
}
