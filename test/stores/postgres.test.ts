import { expect, it, vi } from 'vitest'
import { postgresStore, type PostgresPool } from '../../src/server/stores/postgres.ts'
import type { ServerStore } from '../../src/server/stores/store.ts'
import { atTheEnd, conforms, pool, postgresUrl, serves, times } from './support.ts'

const url = await postgresUrl()
const main = pool(url)
const mark = `latchkey_${Math.random().toString(36).slice(2, 8)}`
await main.query(`CREATE SCHEMA ${mark}`)
atTheEnd(() => main.query(`DROP SCHEMA ${mark} CASCADE`))

const options = { schema: mark }
const store = postgresStore(main, options)
await times(5, () => store.migrate())
const inAnHour = (): number => Date.now() + 3_600_000

// As two processes would have it, each with a pool of its own.
const stores = [store, postgresStore(pool(url), options)]
let turn = 0
conforms('PostgreSQL', () => stores[turn++ % 2]!)
serves('PostgreSQL', () => stores[turn++ % 2]!)

// Few at once: here every meeting is a failure and one more try.
const serializable = pool(url, { max: 4, options: '-c default_transaction_isolation=serializable' })
conforms('S05 PostgreSQL that is serializable by default', () => postgresStore(serializable, options))

it('S18 fifty who share one connection, and wait for something else in between, all finish', async () => {
  const alone = pool(url, { max: 1 })
  const store = postgresStore(alone, options)
  const done = await times(50, async (index) => {
    await store.put(`s18 ${index}`, 'begun', { expiresAt: inAnHour() })
    const stored = await store.get(`s18 ${index}`)
    // What a hook does meanwhile.
    await alone.query('SELECT 1')
    return store.put(`s18 ${index}`, 'done', { ifVersion: stored!.version, expiresAt: inAnHour() })
  })
  expect(done).toEqual(Array.from({ length: 50 }, () => true))
})

it('S19 every call is one plain statement, without a name and without anything that clings to a connection', async () => {
  const sent: { text: string; values: unknown }[] = []
  const noting: PostgresPool = {
    query: (text, values) => {
      sent.push({ text, values })
      return main.query(text, values)
    },
  }
  const store = postgresStore(noting, options)
  const calls: ((store: ServerStore) => Promise<unknown>)[] = [
    (store) => store.get('s19'),
    (store) => store.put('s19', 'value', { expiresAt: inAnHour(), userId: 'ann' }),
    (store) => store.put('s19', 'value', { ifVersion: 'x', expiresAt: inAnHour() }),
    (store) => store.take('s19'),
    (store) => store.count('s19', 1000),
    (store) => store.sessionsOf('ann'),
    (store) => store.bumpUser('ann'),
    (store) => store.userGeneration('ann'),
  ]
  for (const call of calls) {
    sent.length = 0
    await call(store)
    expect(sent).toHaveLength(1)
    expect(sent[0]!.text).not.toMatch(/;|\b(BEGIN|SET (?!")|LISTEN|PREPARE|advisory|TEMP)\b/i)
  }
})

it('S05 a statement that met others is tried again, and past the bound it is an error and no refusal', async () => {
  const failing = (times: number, code: string): PostgresPool => ({
    query: (text, values) =>
      times-- > 0
        ? Promise.reject(Object.assign(new Error('could not serialize access'), { code }))
        : main.query(text, values),
  })
  for (const code of ['40001', '40P01']) {
    const store = postgresStore(failing(5, code), options)
    expect((await store.count(`s05 ${code}`, 60_000)).count).toBe(1)
  }
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
  const outcome = postgresStore(failing(Infinity, '40001'), options)
    .put('s05', 'value', { expiresAt: inAnHour() })
    .catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(7000)
  expect(await outcome).toMatchObject({ code: '40001' })
  vi.useRealTimers()
  await expect(postgresStore(failing(1, '08006'), options).get('s05')).rejects.toThrow()
})

it('S20 a connection whose server has become read-only is not used again', async () => {
  const alone = pool(url, { max: 1 })
  const store = postgresStore(alone, options)
  await alone.query('SET default_transaction_read_only = on')
  await expect(store.count('s20', 60_000)).rejects.toMatchObject({ code: '25006' })
  expect((await store.count('s20', 60_000)).count).toBe(1)
})

it('S20 an idle connection that is ended ends no process', async () => {
  const idle = pool(url, { max: 1 })
  const store = postgresStore(idle, options)
  await store.get('s20')
  const removed = new Promise((resolve) => idle.once('remove', resolve))
  const [{ pid }] = (await idle.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows as [
    { pid: number },
  ]
  await main.query('SELECT pg_terminate_backend($1)', [pid])
  await removed
  expect(await store.get('s20')).toBeUndefined()
})

it('S21 a session that is used six hundred times is written to no index', async () => {
  const table = 's21_rows'
  // Nothing of this hangs on the disk, and so many waits for it take their time.
  const quick = pool(url, { max: 1, options: '-c synchronous_commit=off' })
  const store = postgresStore(quick, { ...options, prefix: 's21_' })
  await store.migrate()
  const begun = Date.now()
  await store.put('hot', 'value '.repeat(100), { expiresAt: begun + 86_400_000, userId: 'ann' })
  let { version } = (await store.get('hot'))!
  for (let use = 1; use <= 600; use++) {
    // Its end moves with every use.
    await store.put('hot', 'value '.repeat(100), { ifVersion: version, expiresAt: begun + 86_400_000 + use })
    version = (await store.get('hot'))!.version
  }
  const isCounted = async () => {
    const { rows } = await main.query<{ all: string; hot: string }>(
      'SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = $1 AND schemaname = $2',
      [table, mark],
    )
    const [{ all, hot }] = rows as [{ all: string; hot: string }]
    return Number(all) >= 600 ? Number(hot) / Number(all) : false
  }
  const share = await vi.waitUntil(isCounted, { timeout: 10_000, interval: 100 })
  expect(share).toBeGreaterThan(0.95)
})

it('S22 three who sweep among refreshes keep to their limits, and block nobody', async () => {
  const store = postgresStore(main, { ...options, prefix: 's22_' })
  await store.migrate()
  await main.query(
    `INSERT INTO "${mark}"."s22_rows" SELECT 'over ' || n, 'value', 'v', 1, 3600000, 'ann' FROM generate_series(1, 20000) n`,
  )
  await store.put('living', '0', { expiresAt: inAnHour(), userId: 'ann' })
  // Somebody holds a row that is over, as a write to it would.
  const holder = await main.connect()
  await holder.query('BEGIN')
  await holder.query(`SELECT 1 FROM "${mark}"."s22_rows" WHERE "key" = 'over 1' FOR UPDATE`)
  let isSwept = false
  const sweeping = times(3, async () => {
    let swept = 0
    for (let found = -1; found !== 0; swept += found) {
      found = await store.sweep(500)
      expect(found).toBeLessThanOrEqual(500)
    }
    isSwept = true
    return swept
  })
  let refreshed = 0
  while (!isSwept) {
    const { value, version } = (await store.get('living'))!
    const options = { ifVersion: version, expiresAt: inAnHour() }
    expect(await store.put('living', String(Number(value) + 1), options)).toBe(true)
    refreshed++
  }
  expect((await sweeping).reduce((sum, count) => sum + count)).toBe(19_999)
  await holder.query('ROLLBACK')
  holder.release()
  expect(await store.sweep(500)).toBe(1)
  expect((await store.get('living'))?.value).toBe(String(refreshed))
  expect((await store.sessionsOf('ann')).keys).toEqual(['living'])
})

it('S24 S35 time is the database’s, in whatever zone it is, and whatever this machine’s clock says', async () => {
  const far = postgresStore(pool(url, { max: 1, options: '-c timezone=Pacific/Kiritimati' }), options)
  const { now } = await store.userGeneration('ann')
  await store.put('s24', 'value', { expiresAt: now + 60_000 })
  vi.spyOn(Date, 'now').mockReturnValue(now + 86_400_000)
  expect(Math.abs((await far.userGeneration('ann')).now - now)).toBeLessThan(20_000)
  expect((await far.get('s24'))?.value).toBe('value')
  expect(await far.bumpUser('s24')).toBeLessThan(now + 20_000)
})

it('S24 S25 a driver that gives numbers of 64 bits as bigint, or as texts, makes no difference', async () => {
  const types = {
    getTypeParser: (id: number) => (text: string) => (id === 20 ? BigInt(text) : text),
  }
  const store = postgresStore(pool(url, { max: 1, types }), options)
  expect(await store.bumpUser('s24 types')).toBe((await store.userGeneration('s24 types')).generation)
  expect(await store.count('s24 types', 1000)).toEqual({
    count: 1,
    endsAt: expect.any(Number),
    now: expect.any(Number),
  })
})

it('S25 S64 tables that are missing are named, and a prefix keeps two stores apart', async () => {
  const other = postgresStore(main, { schema: mark, prefix: 's25_' })
  const missing = /"?s25_\w+"? does not exist\. Run migrate\(\) of the store/
  await expect(other.check?.()).rejects.toThrow(missing)
  await expect(other.get('key')).rejects.toThrow(missing)
  for (const sql of other.migrations) await main.query(sql)
  await other.migrate()
  expect(await other.check?.()).toEqual([])
  await store.put('s25', 'one', { expiresAt: inAnHour() })
  expect(await other.put('s25', 'other', { expiresAt: inAnHour() })).toBe(true)
  expect((await store.get('s25'))?.value).toBe('one')
  await expect(postgresStore(main, { schema: 'nowhere' }).get('key')).rejects.toThrow(/nowhere.*migrate\(\)/)
  expect(() => postgresStore(main, { schema: 'a"; DROP' })).toThrow(TypeError)
})

it('S28 S33 a database that answers before it has written is told of', async () => {
  const quick = postgresStore(pool(url, { max: 1, options: '-c synchronous_commit=off' }), options)
  expect(await quick.check?.()).toEqual([expect.stringContaining('synchronous_commit')])
})
