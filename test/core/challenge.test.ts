import { runInThisContext } from 'node:vm'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseChallenges } from '../../src/core/challenge.js'

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])

it.each<[string, string, unknown[]]>([
  ['an empty header', '', []],
  ['nothing but separators', ' , ,\t, ', []],
  ['a bare scheme', 'Bearer', [['bearer', {}]]],
  ['a scheme in any case', 'bEaReR rEaLm="X"', [['bearer', { realm: 'X' }]]],
  [
    'values as token and as quoted string',
    'Bearer error=invalid_token, scope="a b"',
    [['bearer', { error: 'invalid_token', scope: 'a b' }]],
  ],
  [
    'two challenges in one header',
    'Basic realm="a", Bearer error="invalid_token"',
    [
      ['basic', { realm: 'a' }],
      ['bearer', { error: 'invalid_token' }],
    ],
  ],
  [
    'bare schemes in a list',
    'Negotiate, NTLM, Bearer',
    [
      ['negotiate', {}],
      ['ntlm', {}],
      ['bearer', {}],
    ],
  ],
  [
    'three headers joined by the browser',
    'Negotiate, Digest realm="d", qop="auth, auth-int", Bearer scope="x"',
    [
      ['negotiate', {}],
      ['digest', { realm: 'd', qop: 'auth, auth-int' }],
      ['bearer', { scope: 'x' }],
    ],
  ],
  [
    'token68',
    'Negotiate YII+/=, Bearer error="x"',
    [
      ['negotiate', {}],
      ['bearer', { error: 'x' }],
    ],
  ],
  [
    'token68 with padding and blanks',
    'Negotiate YII==  , Bearer',
    [
      ['negotiate', {}],
      ['bearer', {}],
    ],
  ],
  ['quoted pairs', String.raw`Bearer realm="a \"b\" \\ c, d=e"`, [['bearer', { realm: 'a "b" \\ c, d=e' }]]],
  [
    'a scheme inside a quoted string',
    'Basic realm="Bearer error=x"',
    [['basic', { realm: 'Bearer error=x' }]],
  ],
  ['an empty quoted string', 'Bearer realm=""', [['bearer', { realm: '' }]]],
  [
    'blanks around the equals sign',
    'Bearer realm \t= \t"x" , error\t=\ty',
    [['bearer', { realm: 'x', error: 'y' }]],
  ],
  [
    'empty elements of the list',
    ',,Bearer ,, realm="x",, ,error="y",',
    [['bearer', { realm: 'x', error: 'y' }]],
  ],
  ['names of parameters in any case', 'Bearer ERROR="x"', [['bearer', { error: 'x' }]]],
  [
    'unknown parameters',
    'Bearer foo=bar, error="x", baz="q"',
    [['bearer', { foo: 'bar', error: 'x', baz: 'q' }]],
  ],
  ['a repeated unknown parameter', 'Bearer foo=1, foo=2, error=x', [['bearer', { foo: '1', error: 'x' }]]],
  [
    'a parameter called like one of Object.prototype',
    'Bearer __proto__=x, constructor=y',
    [
      [
        'bearer',
        Object.fromEntries([
          ['__proto__', 'x'],
          ['constructor', 'y'],
        ]),
      ],
    ],
  ],
  [
    'all characters of a token',
    "Bearer a!#$%&'*+-.^_`|~9=b!#$%&'*+-.^_`|~9",
    [['bearer', { "a!#$%&'*+-.^_`|~9": "b!#$%&'*+-.^_`|~9" }]],
  ],
])('ERR-11 %s', (_name, header, expected) => {
  expect(read(header)).toEqual(expected)
})

it.each(['realm', 'scope', 'error'])('ERR-11 a challenge that repeats %s says nothing', (name) => {
  expect(read(`Bearer ${name}="a", ${name.toUpperCase()}="b"`)).toEqual([])
  expect(read(`Basic realm="r", Bearer ${name}=a, ${name}=a, Digest realm="d"`)).toEqual([
    ['basic', { realm: 'r' }],
    ['digest', { realm: 'd' }],
  ])
})

it('ERR-11 the same parameter in two challenges is no repetition', () => {
  expect(read('Bearer error="a", Bearer error="b"')).toEqual([
    ['bearer', { error: 'a' }],
    ['bearer', { error: 'b' }],
  ])
})

it.each<[string, string, unknown[]]>([
  ['a quoted string without end', 'Basic realm="x", Bearer error="inv', [['basic', { realm: 'x' }]]],
  ['a value without a comma after it', 'Bearer error="x" scope="y"', []],
  ['a parameter before any scheme', 'error="x", Bearer scope="y"', []],
  ['what is no header at all', '<html>', []],
  ['letters beyond ASCII in a name', 'Bearer réalm="x"', []],
])('ERR-11 reading stops at %s, and what came before counts', (_name, header, whole) => {
  const challenges = read(header)
  expect(challenges.filter(([, parameters]) => Object.keys(parameters as object).length > 0)).toEqual(whole)
})

const token = fc
  .array(fc.constantFrom(...Array.from("abzAZ09!#$%&'*+-.^_`|~")), { minLength: 1, maxLength: 8 })
  .map((letters) => letters.join(''))
const quoted = fc
  .array(fc.constantFrom(...Array.from('ab,= "\\\t'), 'Bearer '), { maxLength: 8 })
  .map((letters) => letters.join(''))

it('ERR-11 what was written as challenges is read as such', () => {
  const parameter = fc.record({
    value: fc.oneof(token, quoted),
    isToken: fc.boolean(),
    blank: fc.constantFrom('', ' ', '\t '),
  })
  const challenge = fc.tuple(
    token,
    fc.dictionary(
      token.map((name) => `p${name.toLowerCase()}`),
      parameter,
      { noNullPrototype: true },
    ),
  )
  fc.assert(
    fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
      const header = challenges.map(([scheme, parameters]) => {
        const pairs = Object.entries(parameters).map(([name, { value, isToken, blank }]) => {
          const bare = isToken && /^[!#$%&'*+.^_`|~\w-]+$/.test(value)
          return `${name}${blank}=${blank}${bare ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`
        })
        return pairs.length > 0 ? `${scheme} ${pairs.join(', ')}` : scheme
      })
      const expected = challenges.map(([scheme, parameters]) => [
        scheme.toLowerCase(),
        Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value])),
      ])
      expect(read(header.join(', '))).toEqual(expected)
    }),
  )
})

it('ERR-11 no header makes the parser throw', () => {
  const pieces = fc
    .array(
      fc.constantFrom('Bearer', 'a', '=', '"', '\\', ',', ' ', '\t', '\u0000', 'é', '==', 'error', 'x="y"'),
    )
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), pieces), (header) => {
      for (const { scheme } of parseChallenges(header)) expect(scheme).toBe(scheme.toLowerCase())
    }),
    { numRuns: 500 },
  )
})

const HOSTILE: Record<string, (length: number) => string> = {
  'blanks after a scheme': (n) => `a${' '.repeat(n)}é`,
  'blanks after a parameter': (n) => `Bearer a=b${' '.repeat(n)}é`,
  'blanks before an equals sign': (n) => `Bearer a${' '.repeat(n)}é`,
  'blanks after an equals sign': (n) => `Bearer a=${' '.repeat(n)}é`,
  'one long word': (n) => 'a'.repeat(n),
  'one long word and a fault': (n) => `Bearer ${'a'.repeat(n)}é`,
  'equals signs': (n) => `Bearer a${'='.repeat(n)}é`,
  'a quoted string without end': (n) => `Bearer a="${'b'.repeat(n)}`,
  'quoted pairs without end': (n) => `Bearer a="${'\\"'.repeat(n / 2)}`,
  'a quoted string with a fault after it': (n) => `Bearer a="${'b'.repeat(n)}"é`,
  'many words': (n) => 'a '.repeat(n / 2),
  'many words and equals signs': (n) => 'a =" '.repeat(n / 5),
  'many schemes': (n) => 'a,'.repeat(n / 2),
  'many parameters': (n) => `Bearer ${'a=b,'.repeat(n / 4)}`,
  'many quoted parameters': (n) => `Bearer ${'a="b",'.repeat(n / 6)}`,
  commas: (n) => ','.repeat(n),
  'token68 and blanks': (n) => `Bearer ${'ab= '.repeat(n / 4)}`,
}

/** Ends what takes too long, so that a slow parser fails the test instead of holding it up: nothing else can stop a loop. */
function inTime<T>(milliseconds: number, run: () => T): T {
  Object.assign(globalThis, { run })
  return runInThisContext('run()', { timeout: milliseconds }) as T
}

it('what takes too long is stopped', () => {
  const quadratic = (n: number): number => {
    let sum = 0
    for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) sum += a ^ b
    return sum
  }
  expect(() => inTime(50, () => quadratic(1_000_000))).toThrow('timed out')
})

// Work that grows with the square of the length would take an hour; this takes far less than a second.
it.each(Object.entries(HOSTILE))('ERR-11 a megabyte of %s is read to its end, in time', (_name, make) => {
  const header = make(1_000_000)
  expect(inTime(10_000, () => parseChallenges(header))).toBeInstanceOf(Array)
})
