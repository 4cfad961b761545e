/*
 * Which test proves which requirement. The tables in docs/ hold the ids and what they ask in a few words; the tests
 * carry the ids in their titles. `node test/tools/trace.ts --write` fills the last column of the tables.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFiles, ROOT } from './files.ts'
import { titlesOf } from './titles.ts'

export const TABLES = ['docs/requirements.md', 'docs/server-requirements.md', 'docs/standards.md']

const ID = /\b(?:S\d{2}|(?:R|(?:BBA|SEC|ERR|JWT|DP|SU|CK|RV|LO|CSD|CC|OW|AV|DB|ROT|REV|FIX|TMO)-)\d{2,3})\b/g

export interface Row {
  readonly id: string
  readonly asks: string
  readonly files: readonly string[]
}

/** The rows of a table `| id | what it asks | tests |`, whose last column holds links. */
export function rowsOf(table: string): Row[] {
  return [...table.matchAll(/^\|\s*([A-Z]+(?:-)?\d{2,3})\s*\|([^|]*)\|([^|]*)\|[ \t]*$/gm)].map(
    ([, id = '', asks = '', cell = '']) => ({
      id,
      asks: asks.trim(),
      files: [...cell.matchAll(/\[([^\]]+)\]\(/g)].map(([, file = '']) => file),
    }),
  )
}

/** The test files that carry each id in a title of a test that runs. */
export function proofsIn(sources: ReadonlyMap<string, string>): Map<string, Set<string>> {
  const proofs = new Map<string, Set<string>>()
  for (const [file, text] of sources) {
    for (const { title, modifier } of titlesOf(file, text)) {
      if (modifier !== undefined) continue
      for (const [id] of title.matchAll(ID)) proofs.set(id, (proofs.get(id) ?? new Set()).add(file))
    }
  }
  return proofs
}

/** `R03–R05` and `ERR-01–03` written out. */
export function expand(list: string): string[] {
  return list.split(',').flatMap((part) => {
    const [, prefix = '', from = '', to = from] =
      /^\s*([A-Z]+-?)(\d{2,3})(?:–[A-Z]*-?(\d{2,3}))?\s*$/.exec(part) ?? []
    if (from === '') throw new Error(`"${part}" is no id and no range of ids`)
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, step) => {
      return prefix + String(Number(from) + step).padStart(2, '0')
    })
  })
}

/** Where tables, tests and the demanded ids disagree; empty when they do not. */
export function traceFaults(
  tables: readonly string[],
  sources: ReadonlyMap<string, string>,
  demanded: readonly string[],
): string[] {
  const rows = tables.flatMap(rowsOf)
  const proofs = proofsIn(sources)
  const listed = new Set(rows.map(({ id }) => id))
  const faults = demanded.filter((id) => !listed.has(id)).map((id) => `${id} is demanded and in no table`)
  faults.push(
    ...[...proofs.keys()]
      .filter((id) => !listed.has(id))
      .map((id) => `${id} is named by a test and in no table`),
  )
  const seen = new Set<string>()
  for (const { id, asks, files } of rows) {
    if (seen.has(id)) faults.push(`${id} stands twice`)
    seen.add(id)
    if (asks === '') faults.push(`${id} does not say what it asks`)
    // What cannot be tested here is said with the reason, and only while it is so.
    const isReasoned = /No test: \S/.test(asks)
    if ((files.length === 0) !== isReasoned)
      faults.push(`${id} has ${isReasoned ? 'a test, and says that it has none' : 'no test'}`)
    for (const file of files) {
      if (proofs.get(id)?.has(file) !== true) faults.push(`${id}: no test of ${file} carries it in its name`)
    }
    for (const file of proofs.get(id) ?? []) {
      if (!files.includes(file)) faults.push(`${id}: the table does not name ${file}`)
    }
  }
  return faults
}

/** The table with its last column filled from the tests. */
export function filled(table: string, proofs: ReadonlyMap<string, ReadonlySet<string>>): string {
  return table.replace(
    /^(\|\s*([A-Z]+-?\d{2,3})\s*\|[^|]*\|)[^|]*\|[ \t]*$/gm,
    (_row, head: string, id: string) => {
      const files = [...(proofs.get(id) ?? [])].sort()
      return `${head} ${files.map((file) => `[${file}](../${file})`).join(', ')} |`.replace('|  |', '| |')
    },
  )
}

/** The sources of all tests. */
export function testSources(): Map<string, string> {
  return readFiles([
    'test/**/*.test.{ts,tsx}',
    'test/**/*.test-d.ts',
    'e2e/**/*.spec.ts',
    'e2e/peers/flows.ts',
    'src/testing/**/*conformance{.ts,/*.ts}',
  ])
}

if (import.meta.main && process.argv.includes('--write')) {
  const proofs = proofsIn(testSources())
  for (const [path, text] of readFiles(TABLES)) writeFileSync(join(ROOT, path), filled(text, proofs))
}
