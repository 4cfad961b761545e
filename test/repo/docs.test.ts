import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fenceFaults, linkFaults } from '../tools/fences.ts'
import { readFiles, ROOT } from '../tools/files.ts'
import { docstringFencesOf, type Fence, fencesOf, filesNamedIn } from '../tools/markdown.ts'

const documents = readFiles(['*.md', 'docs/**/*.md', 'src/**/*.md'])
const sources = readFiles(['src/**/*.{ts,tsx}'])

const fence = (code: string, info = 'ts'): Fence => ({ file: 'x.md', line: 1, info, code })

it('the documents a reader starts from exist', () => {
  expect([...documents.keys()]).toEqual(
    expect.arrayContaining([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'README.md',
      'SECURITY.md',
      'src/ARCHITECTURE.md',
      'src/server/README.md',
    ]),
  )
})

it('every fence of the documents and of the docstrings compiles', () => {
  const fences = [
    ...[...documents].flatMap(([file, text]) => fencesOf(file, text)),
    ...[...sources].flatMap(([file, text]) => docstringFencesOf(file, text)),
  ]
  expect(fenceFaults(fences)).toEqual([])
  // A compiler reads all of them.
}, 120_000)

it('every relative link of the documents leads somewhere', () => {
  expect(linkFaults(documents, (path) => existsSync(join(ROOT, path)))).toEqual([])
})

it('the map is read in ten minutes, in raw text too, and names only files that exist', () => {
  const map = documents.get('src/ARCHITECTURE.md') ?? ''
  expect(map.split(/\s+/).length).toBeLessThan(1800)
  expect(map.split('\n').filter((line) => line.length > 220)).toEqual([])
  const exists = (path: string) => ['src', '.'].some((folder) => existsSync(join(ROOT, folder, path)))
  const named = filesNamedIn(map)
  expect(named.length).toBeGreaterThan(40)
  expect(named.filter((path) => !exists(path))).toEqual([])
})

it('files are named in code, and each is found once', () => {
  const text =
    'See `core/a.ts` → `b.ts` and `use/` or `core/a.ts`, [c](c.md), `ports` and `a.b()`.\n```text\nd.ts\n```\n'
  expect(filesNamedIn(text)).toEqual(['core/a.ts', 'b.ts', 'use/', 'd.ts'])
})

it('a fence that is wrong is named by file and line', () => {
  const text = '# Title\n\n```ts\nconst a: number = 1\nconst b: string = a\n```\n'
  expect(fenceFaults(fencesOf('docs/x.md', text))).toEqual([
    expect.stringMatching(/^docs\/x\.md:5: Type 'number'/),
  ])
})

it('a fence in a list is read without its indentation', () => {
  expect(fencesOf('x.md', '1. do\n   ```ts\n   const a = 1\n   ```\n')).toEqual([
    { file: 'x.md', line: 3, info: 'ts', code: 'const a = 1' },
  ])
})

it('each fence is a module of its own and may await', () => {
  expect(fenceFaults([fence('const a = 1\nawait Promise.resolve(a)'), fence('const a = 2')])).toEqual([])
  expect(fenceFaults([fence('const shared = 1'), fence('console.log(shared)')])).toEqual([
    expect.stringContaining('shared'),
  ])
})

it.each([
  ['a member that does not exist', `import { nothing } from 'latchkey'`],
  ['a package that does not exist', `import x from 'no-such-package'`],
  ['a syntax error', 'const = 1'],
])('%s in a fence is a fault', (_name, code) => {
  expect(fenceFaults([fence(code)])).not.toEqual([])
})

it.each(['ts ignore', 'typescript', 'js', 'tsx twoslash', ''])('a fence marked "%s" is refused', (info) => {
  expect(fenceFaults([fence('const a: string = 1', info)])).toEqual([expect.stringContaining('fence marked')])
})

it('the fence of an @example in a docstring is found with its line', () => {
  const source =
    'const a = 1\n\n/**\n * Says it.\n *\n * @example\n * ```ts\n * const b: string = 1\n * ```\n */\nconst c = a\n'
  expect(docstringFencesOf('src/x.ts', source)).toEqual([
    { file: 'src/x.ts', line: 8, info: 'ts', code: 'const b: string = 1' },
  ])
})

it('an @example without a fence is code up to the next tag', () => {
  const source = '/**\n * Says it.\n *\n * @example\n * const b = 1\n * @see elsewhere\n */\nconst c = 1\n'
  expect(docstringFencesOf('src/x.ts', source)).toEqual([
    { file: 'src/x.ts', line: 5, info: 'ts', code: 'const b = 1' },
  ])
})

it('an @example with nothing in it is refused', () => {
  expect(fenceFaults(docstringFencesOf('src/x.ts', '/**\n * @example\n */\nconst c = 1\n'))).toEqual([
    'src/x.ts:3: nothing in it',
  ])
})

it.each([
  ['a missing file', '[x](docs/none.md)', 'docs/none.md does not exist'],
  ['a missing picture', '<img src="none.png">', 'none.png does not exist'],
  ['a missing heading here', '[x](#nope)', '#nope has no such heading'],
  ['a missing heading elsewhere', '[x](docs/b.md#nope)', 'docs/b.md#nope has no such heading'],
  ['a missing file of a reference', '[x]: none.md', 'none.md does not exist'],
])('%s is a fault', (_name, text, fault) => {
  const files = new Map([
    ['a.md', `# One\n${text}\n`],
    ['docs/b.md', '# Two words\n'],
  ])
  expect(linkFaults(files, () => false)).toEqual([`a.md: ${fault}`])
})

it('links to headings, files and other sites, and brackets in code, are no faults', () => {
  const files = new Map([
    [
      'a.md',
      '# One\n[x](#one) [y](docs/b.md#two-words-1) [z](https://x.test) `[q](no.md)`\n```ts\n[q](no.md)\n```\n',
    ],
    ['docs/b.md', '# Two words\n# Two `words`\n[up](../a.md) [l](../LICENSE)\n'],
  ])
  expect(linkFaults(files, (path) => path === 'LICENSE')).toEqual([])
})
