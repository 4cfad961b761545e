import { expect, it } from 'vitest'
import { decodeToken, lifeOf, valueOf } from '../../demo/lab/token.js'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (claims: unknown): string => `${encode({ alg: 'ES256', kid: '1' })}.${encode(claims)}.c2ln`

it('the lab reads header and claims of a pasted token, whatever alphabet its names are in', () => {
  const decoded = decodeToken(`  ${token({ sub: 'žofie', exp: 100 })}\n`)
  expect(decoded).toEqual({ header: { alg: 'ES256', kid: '1' }, claims: { sub: 'žofie', exp: 100 } })
})

it('the lab says of what is no token that it is none', () => {
  const values = [
    '',
    'abc',
    'a.b',
    'a.b.c',
    'a.b.c.d',
    `${encode({})}.${encode([1])}.x`,
    `${encode({})}.%%.x`,
  ]
  for (const value of values) expect(decodeToken(value), value).toBeUndefined()
})

it('the lab says how long a token still lives, or how long ago it ended', () => {
  const at = (exp: unknown) => lifeOf(decodeToken(token({ exp }))!, 1_000_000)
  expect(at(1030)).toBe('Ends in 30 s.')
  expect(at(1000 + 7200)).toBe('Ends in 2 h.')
  expect(at(880)).toBe('Ended 2 min ago.')
  expect(at('soon')).toBe('It does not say when it ends.')
  expect(valueOf('aud', ['a', 'b'])).toBe('["a","b"]')
})
