import { createHash, createHmac } from 'node:crypto'
import { expect, it } from 'vitest'
import { nodeScrypt } from '../../demo/server/node-scrypt.ts'
import { createSeededRandom } from '../../src/testing/backend/deterministic.ts'
import { createScryptHash, OWASP_SCRYPT } from '../../src/server/password.ts'
import { createCheapSealer, createSealer } from '../../src/server/sealer.ts'
import { digest, mac, sameText } from '../../src/server/secrets.ts'
import { cookieOf, createTestBackend, login, refreshWith, VALUE } from './support.ts'

it('a run is a pure function of its requests: two runs give the same bytes', async () => {
  const run = async (): Promise<unknown[]> => {
    const backend = await createTestBackend()
    const browser = backend.browser()
    const seen: unknown[] = [await login(browser)]
    const t0 = browser.cookie()
    for (const answer of await Promise.all([refreshWith(browser, t0), refreshWith(browser, t0)])) {
      seen.push([...answer.headers], await answer.text())
    }
    return seen
  }
  expect(await run()).toEqual(await run())
})

it('digest and mac are SHA-256 and HMAC-SHA-256 in base64url', () => {
  expect(digest('caf\u00e9')).toBe(createHash('sha256').update('caf\u00e9').digest('base64url'))
  expect(mac('key', 'text')).toBe(createHmac('sha256', 'key').update('text').digest('base64url'))
})

it.each([
  ['', '', true],
  ['a', 'a', true],
  ['a', 'b', false],
  ['a', '', false],
  ['', 'a', false],
  ['ab', 'aba', false],
  ['abab', 'ab', false],
])('sameText(%j, %j) is %s', (a, b, expected) => {
  expect(sameText(a, b)).toBe(expected)
})

it.each([
  ['AES-GCM', createSealer(createSeededRandom(1))],
  ['the cheap one', createCheapSealer()],
])('AV-14 %s opens with the right secret alone', async (_name, sealer) => {
  const sealed = await sealer.seal('secret', 'text')
  expect(await sealer.open('secret', sealed)).toBe('text')
  await expect((async () => sealer.open('other', sealed))()).rejects.toThrow()
})

it('OWASP scrypt: N is 2^17, r 8, p 1, and stands in what is stored', () => {
  expect(OWASP_SCRYPT).toEqual({ N: 131072, r: 8, p: 1 })
  expect(createScryptHash(createSeededRandom(1)).decoy).toMatch(/^scrypt\$131072\$8\$1\$A{22}\$A{43}$/)
})

it('OW-21 scrypt in script and in Node agree, and the decoy fits no password', async () => {
  const cost = { N: 1024, r: 8, p: 1 }
  const script = createScryptHash(createSeededRandom(1), cost)
  const native = createScryptHash(createSeededRandom(2), cost, nodeScrypt)
  for (const [one, other] of [
    [script, native],
    [native, script],
  ] as const) {
    const stored = await one.hash('pa\u0301ss')
    expect(await other.verify('p\u00e1ss', stored)).toBe(true)
    expect(await other.verify('pass', stored)).toBe(false)
    expect(await other.verify('', one.decoy)).toBe(false)
  }
  expect(await script.hash('x')).not.toBe(await script.hash('x'))
})

it('Node computes scrypt with the full parameters', async () => {
  const hash = createScryptHash(createSeededRandom(1), OWASP_SCRYPT, nodeScrypt)
  expect(await hash.verify('x', await hash.hash('x'))).toBe(true)
})

it('a backend with all its defaults works: real clock, chance, scrypt, ES256', async () => {
  const { createReferenceBackend } = await import('../../src/testing/backend/index.ts')
  const backend = createReferenceBackend()
  await backend.admin.addUser({ email: 'ada@example.com', password: 'x' })
  const answer = await backend.handle(
    new Request('https://app.test/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf': '1', origin: 'https://app.test' },
      body: '{"email":"ada@example.com","password":"x"}',
    }),
  )
  expect([answer.status, cookieOf(answer)]).toEqual([200, expect.stringMatching(VALUE)])
})
