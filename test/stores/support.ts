import { Pool, type PoolConfig } from 'pg'
import { afterAll, describe, it } from 'vitest'
import {
  serverConformance,
  storeConformance,
  type CreateStore,
  type StoreConformanceOptions,
} from 'latchkey/testing'
import { startPostgres, startRedis, type Database } from '../tools/databases.ts'

export const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const times = <T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)))

/** The suite that is given to others, over one of our own stores. */
export function conforms(title: string, create: CreateStore, options?: StoreConformanceOptions): void {
  // One clock for all, which each of them moves, leads them one after another.
  const suite = options?.advance === undefined ? describe.concurrent : describe
  suite(title, () => {
    for (const { name, run } of storeConformance(create, options)) it(name, run)
  })
}

/** Two servers on it, as two processes are. */
export function serves(title: string, create: CreateStore): void {
  describe.concurrent(`two servers on ${title}`, () => {
    for (const { name, run } of serverConformance(create)) it(`R112 R113 R114 ${name}`, run)
  })
}

const pools: Pool[] = []

/** Ended when the tests of its file are over. */
export function pool(url: string, config: PoolConfig = {}): Pool {
  const made = new Pool({ connectionString: url, max: 10, ...config })
  pools.push(made)
  return made
}

const databases: Database[] = []

/** Ended when the tests of its file are over. */
export async function own(begun: Promise<Database>): Promise<Database> {
  const database = await begun
  databases.push(database)
  return database
}

/** The one that the environment names, or one for this file alone. */
export const postgresUrl = async (): Promise<string> =>
  process.env['LATCHKEY_POSTGRES'] || (await own(startPostgres())).url
export const redisUrl = async (): Promise<string> =>
  process.env['LATCHKEY_REDIS'] || (await own(startRedis())).url

const endings: (() => unknown)[] = []

/** Is done when the tests of its file are over, before its databases end. */
export const atTheEnd = (run: () => unknown): number => endings.push(run)

afterAll(async () => {
  await Promise.all(endings.splice(0).map((run) => run()))
  await Promise.all(pools.splice(0).map((each) => each.end()))
  await Promise.all(databases.splice(0).map((each) => each.stop()))
})
