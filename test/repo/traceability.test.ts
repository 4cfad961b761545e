import { expect, it } from 'vitest'
import { readFiles } from '../tools/files.ts'
import { titlesOf } from '../tools/titles.ts'
import { expand, filled, proofsIn, rowsOf, TABLES, testSources, traceFaults } from '../tools/trace.ts'

/** What the issues so far ask to be proved, as their "Show" sections list it. Grows with each issue. */
const DEMANDED = [
  // 1 of 4: requirements.
  'R03–R09, R12–R17, R19, R22, R26, R29–R33, R35, R36, R44, R45, R48, R52–R61, R66, R67, R68, R72, R73, R76–R80',
  'R86, R88, R90, R92–R97',
  // 1 of 4: standards.
  'BBA-01, BBA-02, BBA-05–07, BBA-10, BBA-12–14, SEC-02, SEC-06, SEC-08, SEC-11, SEC-12, SEC-18, ERR-01–14, JWT-01',
  'CK-01, CK-03–06, CK-12, CK-13, RV-02–05, CC-01, OW-13, OW-15, OW-17, OW-18, OW-21, OW-23',
  'AV-01, AV-02, AV-05, AV-10, AV-11, AV-14, AV-16, AV-17, AV-25, AV-27–29, ROT-01–04, ROT-06, REV-05',
  'FIX-01, FIX-02, FIX-04',
  // 2 of 4.
  'R01, R02, R10, R18, R20, R21, R23–R25, R27, R28, R34, R37–R42, R50, R51',
  'ROT-05, FIX-03, TMO-04',
  // 3 of 4.
  'R11, R43, R47, R49, R62, R69–R71, R74, R75, R85',
  'OW-01–03, OW-05, OW-08–14, CK-01–06, RV-02–05, REV-01–05, FIX-01–04, AV-04, AV-15',
  // 4 of 4.
  'R05, R27, R42, R76–R82, R87, R89–R91, R94',
  // 3 of 6: what users of servers suffered from.
  'S01–S70',
].flatMap(expand)

it('every demanded id has a row, every row a test that carries its id, and every id in a test a row', () => {
  expect(traceFaults([...readFiles(TABLES).values()], testSources(), DEMANDED)).toEqual([])
})

it('no test is skipped, left for later, expected to fail or run alone', () => {
  const faults = [...testSources()].flatMap(([file, text]) =>
    titlesOf(file, text)
      .filter(({ modifier }) => modifier !== undefined)
      .map(({ title, line, modifier }) => `${file}:${line}: ${modifier}: ${title}`),
  )
  expect(faults).toEqual([])
})

// Ids put together here, so that this file does not seem to prove them.
const [a, b] = ['R', 'ROT-'].map((prefix) => `${prefix}01`) as [string, string]
const table = (rows: string): string => `| id | asks | tests |\n|---|---|---|\n${rows}\n`
const source = (...titles: string[]): Map<string, string> =>
  new Map([['test/x.test.ts', titles.map((title) => `it('${title}', () => {})`).join('\n')]])
const good = `| ${a} | one refresh | [test/x.test.ts](../test/x.test.ts) |`

it('a table that agrees with the tests has no fault', () => {
  expect(traceFaults([table(good)], source(`${a} it holds`, 'no id here, RS256'), [a])).toEqual([])
})

it.each([
  ['a demanded id without a row', table(''), [], `${a} is demanded and in no table`],
  [
    'an id in a test without a row',
    table(good),
    [`${a} x`, `${b} y`],
    `${b} is named by a test and in no table`,
  ],
  ['a row without a test', table(`| ${a} | one refresh | |`), [], `${a} has no test`],
  [
    'a row whose file does not carry the id',
    table(good),
    ['it holds'],
    `${a}: no test of test/x.test.ts carries it`,
  ],
  [
    'a row that leaves out a file',
    table(`| ${a} | x | |`),
    [`${a} x`],
    `${a}: the table does not name test/x.test.ts`,
  ],
  [
    'a row that says it has no test, and has one',
    table(good.replace('refresh', 'refresh. No test: it would take a week')),
    [`${a} x`],
    `${a} has a test`,
  ],
  ['a row twice', table(`${good}\n${good}`), [`${a} x`], `${a} stands twice`],
  [
    'a row without words',
    table(good.replace('one refresh', '')),
    [`${a} x`],
    `${a} does not say what it asks`,
  ],
])('%s is a fault', (_name, text, titles, fault) => {
  expect(traceFaults([text], source(...titles), [a])).toContainEqual(expect.stringContaining(fault))
})

it('titles of tables, templates and fixtures count, those of groups and of skipped tests do not', () => {
  const text = `
    describe('${a} group', () => {
      it.each([1, 2])('${b} table %s', () => {})
      test.concurrent(\`\${name} ${b} template\`, () => {})
      it.skip('${a} skipped', () => {})
      it.todo('${a} later')
      test.describe('${a} group', () => {})
      expect(it).toBe("it('${a} in a string')")
    })`
  expect(titlesOf('test/x.test.ts', text).map(({ title, modifier }) => [title, modifier])).toEqual([
    [`${b} table %s`, undefined],
    [`… ${b} template`, undefined],
    [`${a} skipped`, 'skip'],
    [`${a} later`, 'todo'],
  ])
  expect([...proofsIn(new Map([['test/x.test.ts', text]])).keys()]).toEqual([b])
})

it('a row may say why it has no test, and the suites that others run count as tests', () => {
  const text = table(good.replace(/refresh.*/, 'refresh. No test: it would take a week | |'))
  expect(traceFaults([text], source(), [a])).toEqual([])
  const suite = `check('${a} it holds', () => {}); const one = { name: '${b} it holds' }; it.each(checks)('%s', run)`
  expect([...proofsIn(new Map([['src/testing/store-conformance.ts', suite]])).keys()]).toEqual([a, b])
  expect([...proofsIn(new Map([['test/x.test.ts', suite]])).keys()]).toEqual([])
})

it('the tool fills the last column and leaves the words alone', () => {
  const before = table(`| ${a} | one refresh | [old](old) |\n| ${b} | none yet | |`)
  const after = filled(before, proofsIn(source(`${a} it holds`)))
  expect(after).toBe(table(`${good}\n| ${b} | none yet | |`))
  expect(rowsOf(after).map(({ files }) => files)).toEqual([['test/x.test.ts'], []])
})

it('ranges of ids are written out, and nonsense is refused', () => {
  expect(expand('R03–R05, ERR-09–11, CK-01')).toEqual([
    'R03',
    'R04',
    'R05',
    'ERR-09',
    'ERR-10',
    'ERR-11',
    'CK-01',
  ])
  expect(() => expand('R3')).toThrow('no id')
})
