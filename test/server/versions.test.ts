import { expect, it } from 'vitest'
import { memoryStore } from '../../src/server/stores/memory.ts'
import { createTestBackend, createTestClock, login, refresh } from './support.ts'

interface Row {
  readonly [member: string]: unknown
  readonly family: {
    readonly [member: string]: unknown
    readonly head: Readonly<Record<string, unknown>>
    readonly spent: readonly Readonly<Record<string, unknown>>[]
  }
  readonly ended?: Readonly<Record<string, unknown>>
}

it('R154 S63 members that this version does not know survive a refresh, a redelivery and a sign-out', async () => {
  const time = createTestClock()
  const store = memoryStore({ clock: time })
  const backend = await createTestBackend({ store }, time)
  const browser = backend.browser()
  const { session_id: id } = await login(browser)
  await refresh(browser)
  const spent = browser.cookie()

  const read = async () => {
    const row = await store.get(`session:${id}`)
    if (row === undefined) throw new Error('The session is not there.')
    return { value: JSON.parse(row.value) as Row, version: row.version }
  }
  const { value: row, version } = await read()
  const known = row.family
  // What a version to come might keep, wherever it fits in.
  const later = {
    ...row,
    ofLater: 1,
    family: {
      ...known,
      ofLater: 2,
      head: { ...known.head, ofLater: 3 },
      spent: known.spent.map((one) => ({ ...one, ofLater: 4 })),
    },
  }
  const put = { ifVersion: version, expiresAt: time.now() + 1e9, userId: 'ada' }
  expect(await store.put(`session:${id}`, JSON.stringify(later), put)).toBe(true)

  const marks = async () => {
    const { value } = await read()
    return [value['ofLater'], value.family['ofLater'], value.family.spent.map((one) => one['ofLater'])]
  }
  await refresh(browser)
  expect(await marks()).toEqual([1, 2, [undefined, 4]])
  time.advance(2000)
  const again = await browser.send('POST', '/auth/refresh', {
    headers: { cookie: `__Host-refresh=${spent}` },
  })
  expect(again.status).toBe(200)
  expect(await marks()).toEqual([1, 2, [undefined, 4]])
  expect((await browser.send('POST', '/auth/logout')).status).toBe(204)
  expect((await read()).value.ended).toBeDefined()
  expect(await marks()).toEqual([1, 2, [undefined, 4]])
})
