/* Another process on the same file: `hold <ms>` keeps the write lock and says how long its own event loop stood still, `count <n>` counts, `write` writes until it is ended. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { sqliteStore } from '../../src/server/stores/sqlite.ts'

const [file = '', task, amount = '0'] = process.argv.slice(2)
const db = new DatabaseSync(file)
const store = sqliteStore(db)

if (task === 'hold') {
  db.exec('BEGIN IMMEDIATE')
  console.log('held')
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  setTimeout(() => {
    console.log(delay.percentile(90) / 1e6)
    db.exec('COMMIT')
  }, Number(amount))
} else if (task === 'count') {
  await Promise.all(Array.from({ length: Number(amount) }, () => store.count('shared', 3_600_000)))
} else {
  let stored = await store.get('written')
  for (let number = 1; ; number++) {
    await store.put('written', String(number), {
      ifVersion: stored?.version,
      expiresAt: Date.now() + 3_600_000,
    })
    console.log(number)
    stored = await store.get('written')
  }
}
