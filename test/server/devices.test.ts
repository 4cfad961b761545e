import { expect, it } from 'vitest'
import { done, refuse } from 'latchkey/server'
import { createDevices } from '../../src/server/devices.ts'
import { platformRandom } from '../../src/server/settings.ts'
import { createStage, type Stage } from './stage.ts'
import { errorOf, MINUTE } from './support.ts'

const DEVICE = '__Host-device'
const PASSWORDS: Record<string, string> = { ada: 'difference engine', mallory: 'mine' }

function createDoor(options: Parameters<typeof createStage>[0] = {}): Stage & {
  readonly looked: () => number
  attempt(email: string, password: string, cookie?: string): Promise<Response>
} {
  let looked = 0
  const stage = createStage({
    signIn: ({ body }) => {
      looked++
      const [email, password] = [String(body['email']), String(body['password'])]
      return PASSWORDS[email] === password ? done({ id: email }) : refuse('invalid_credentials')
    },
    findUser: (id) => ({ id }),
    ...options,
  })
  return {
    ...stage,
    looked: () => looked,
    attempt: (email, password, cookie = '') =>
      stage.send('POST', '/auth/login', { body: { email, password }, headers: { cookie } }),
  }
}

const deviceOf = ({ cookie }: Stage): string => `${DEVICE}=${cookie(DEVICE)}`

async function lockOut(door: ReturnType<typeof createDoor>): Promise<void> {
  for (let i = 0; i < 12; i++) await door.attempt('ada', `guess ${i}`)
}

it('R142 S61 strangers who guess at an account do not keep its owner out of a browser that he has used before', async () => {
  const door = createDoor()
  const answer = await door.attempt('ada', 'difference engine')
  const line = answer.headers.getSetCookie().find((one) => one.startsWith(DEVICE))
  expect(line).toMatch(/; HttpOnly.*; SameSite=Strict|; SameSite=Strict.*; HttpOnly/)
  expect(line).not.toContain('ada')
  const device = deviceOf(door)
  await lockOut(door)
  expect((await door.attempt('ada', 'difference engine')).status).toBe(429)
  expect(await errorOf(await door.attempt('ada', 'typed wrong', device))).toEqual([
    401,
    'invalid_credentials',
  ])
  expect((await door.attempt('ada', 'difference engine', device)).status).toBe(200)
})

it('R142 S61 there he has ten attempts too, and no more: a browser that was stolen is no way round', async () => {
  const door = createDoor()
  await door.attempt('ada', 'difference engine')
  const device = deviceOf(door)
  await lockOut(door)
  const before = door.looked()
  const statuses: number[] = []
  for (let i = 0; i < 15; i++) statuses.push((await door.attempt('ada', `guess ${i}`, device)).status)
  expect(door.looked() - before).toBe(10)
  expect(statuses.slice(10)).toEqual([429, 429, 429, 429, 429])
  expect((await door.attempt('ada', 'difference engine', device)).status).toBe(429)
  door.time.advance(15 * MINUTE + 1)
  expect((await door.attempt('ada', 'difference engine', device)).status).toBe(200)
})

it('R142 S61 whoever has signed in as himself cannot tell a right guess at another from a wrong one', async () => {
  const door = createDoor()
  await door.attempt('mallory', 'mine')
  const device = deviceOf(door)
  await lockOut(door)
  const [wrong, right] = [
    await door.attempt('ada', 'wrong', device),
    await door.attempt('ada', 'difference engine', device),
  ]
  expect(right.status).toBe(401)
  expect([right.status, await right.text(), right.headers.getSetCookie()]).toEqual([
    wrong.status,
    await wrong.text(),
    [],
  ])
})

it('R142 an invented cookie has no room, and costs no look at a password', async () => {
  const door = createDoor()
  await door.attempt('mallory', 'mine')
  const [id = '', user = '', tag = ''] = door.cookie(DEVICE)!.split('.')
  await lockOut(door)
  const before = door.looked()
  for (const value of [
    '',
    'x',
    `${id}.${user}`,
    `${'A'.repeat(22)}.${user}.${tag}`,
    `${id}.${user}.${user}.${tag}`,
  ]) {
    expect((await door.attempt('ada', 'difference engine', `${DEVICE}=${value}`)).status).toBe(429)
  }
  expect(door.looked()).toBe(before)
})

it('R142 S40 people who share a browser are three at most, the last first; the cookie stays small, and outlives a secret that goes', () => {
  const [old, both] = [
    createDevices({ deviceKeys: ['old'], random: platformRandom }),
    createDevices({ deviceKeys: ['new', 'old'], random: platformRandom }),
  ]
  let value = ''
  for (const user of ['ada', 'bob', 'eve', 'joe', 'bob']) value = old.write(old.read(value), user)
  const device = both.read(value)!
  expect(['ada', 'bob', 'eve', 'joe'].map((user) => both.knows(device, user))).toEqual([
    false,
    true,
    true,
    true,
  ])
  expect(value.length).toBeLessThan(150)
  const renewed = both.write(device, 'bob')
  expect(both.read(renewed)?.id).toBe(device.id)
  expect(old.read(renewed)).toBeUndefined()
})

it('R142 it can be switched off: then no cookie is set and none counts', async () => {
  const on = createDoor()
  await on.attempt('ada', 'difference engine')
  const door = createDoor({ throttle: { knownDevices: false } })
  const answer = await door.attempt('ada', 'difference engine')
  expect(answer.headers.getSetCookie().join()).not.toContain(DEVICE)
  await lockOut(door)
  expect((await door.attempt('ada', 'difference engine', deviceOf(on))).status).toBe(429)
})
