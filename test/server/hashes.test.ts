import { afterEach, expect, it, vi } from 'vitest'
import { createAuthServer, done, memoryStore, refuse, scryptPasswords, type AuthEvent } from 'latchkey/server'
import { errorOf, ORIGIN } from './support.ts'

afterEach(() => vi.restoreAllMocks())

/** A Node whose hashes are ready when the test says so. */
function holdHashes() {
  const running: (() => void)[] = []
  let most = 0
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue({
    scrypt: (...args: unknown[]) => {
      const answer = args.at(-1) as (error: null, key: Uint8Array) => void
      running.push(() => answer(null, new Uint8Array(32)))
      most = Math.max(most, running.length)
    },
  })
  return {
    running,
    most: () => most,
    async finish() {
      for (let next = running.shift(); next !== undefined; next = running.shift()) {
        next()
        await new Promise(setImmediate)
      }
    },
  }
}

it('R156 no more hashes run at once than may, some wait, and whoever comes behind these is told so at once', async () => {
  const held = holdHashes()
  const passwords = scryptPasswords({ cost: { N: 1024, r: 8, p: 1 }, atOnce: 2, waiting: 3 })
  const asked = Array.from({ length: 7 }, async () => passwords.verify('difference engine', passwords.decoy))
  const results = Promise.allSettled(asked)
  await expect(asked[5]).rejects.toThrow('3 are waiting already')
  await expect(asked[6]).rejects.toThrow('3 are waiting already')
  expect(held.running).toHaveLength(2)
  await held.finish()
  expect((await results).map(({ status }) => status === 'fulfilled')).toEqual([
    true,
    true,
    true,
    true,
    true,
    false,
    false,
  ])
  expect(held.most()).toBe(2)
  // Those that are done have made room.
  const next = passwords.hash('difference engine')
  await held.finish()
  expect(await next).toMatch(/^scrypt\$/)
})

it('R156 a sign-in for which there is no room is 503, is no wrong password and counts as no attempt', async () => {
  const held = holdHashes()
  const passwords = scryptPasswords({ atOnce: 1, waiting: 0 })
  const events: AuthEvent[] = []
  const auth = createAuthServer({
    store: memoryStore(),
    secrets: ['s'.repeat(32)],
    origin: ORIGIN,
    mode: 'session',
    throttle: { perAccount: 1 },
    signIn: async () =>
      (await passwords.verify('x', passwords.decoy)) ? done({ id: 'ada' }) : refuse('invalid_credentials'),
    findUser: (id) => ({ id }),
    onEvent: (event) => events.push(event),
  })
  const signIn = (email: string): Promise<Response> => {
    const headers = { 'sec-fetch-site': 'same-origin', 'x-csrf': '1', 'content-type': 'application/json' }
    const body = JSON.stringify({ email, password: 'x' })
    return auth.handle(new Request(`${ORIGIN}/auth/login`, { method: 'POST', headers, body }))
  }
  const first = signIn('ada@example.com')
  await vi.waitFor(() => expect(held.running).toHaveLength(1))
  for (let i = 0; i < 3; i++) {
    const answer = await signIn('bob@example.com')
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(await errorOf(answer)).toEqual([503, 'temporarily_unavailable'])
  }
  expect(events.map(({ type }) => type)).toContain('fault')
  await held.finish()
  expect((await first).status).toBe(200)
})

it('R117 scryptPasswords says what it needs where there is no Node', () => {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
  expect(() => scryptPasswords()).toThrow('needs Node 20.16, Bun or Deno')
})
