import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { bundle } from '../tools/bundle.ts'
import { ROOT } from '../tools/files.ts'
import { PRODUCTION } from '../tools/production.ts'
import { deadLinks, listFaults, sizeFaults, strangers, unwantedInputs } from '../tools/package-rules.ts'

async function bundleOf(
  files: Record<string, string>,
  external: readonly string[] = [],
): ReturnType<typeof bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bundle-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return bundle(files['entry.js'] ?? '', external, folder)
}

const sized = (gzipped: number, react = 1500) =>
  new Map([
    ['latchkey', { now: { minified: 0, gzipped } }],
    ['latchkey/react', { now: { minified: 0, gzipped: react } }],
  ])

it('R86 latchkey and latchkey/react with everything they import stay within their budgets', async () => {
  const { now, inputs } = await bundle(`export * from './src/index.ts'`, [], ROOT, PRODUCTION)
  const react = await bundle(`export * from './src/react/index.ts'`, ['react'], ROOT, PRODUCTION)
  const found = [
    ['latchkey', { now }],
    ['latchkey/react', react],
  ] as const
  expect(sizeFaults(new Map(found))).toEqual([])
  expect(unwantedInputs(inputs)).toEqual([])
  // What it costs on top of latchkey is all it costs.
  expect(react.inputs.filter((path) => !/^(?:entry\.js|src\/react\/.*|src\/help\.ts)$/.test(path))).toEqual(
    [],
  )
})

it('R86 one byte over the budget, or an entry that was not measured, is a fault', () => {
  expect(sizeFaults(sized(30_300))).toEqual([])
  expect(sizeFaults(sized(30_301))).toEqual(['latchkey is 30301 B, over its budget of 30300 B'])
  expect(sizeFaults(sized(30_300, 1501))).toEqual(['latchkey/react is 1501 B, over its budget of 1500 B'])
  expect(sizeFaults(new Map())).toEqual(['latchkey was not measured', 'latchkey/react was not measured'])
})

it('what is imported lazily is counted apart, with all that only it needs', async () => {
  const { now, later, inputs } = await bundleOf({
    'entry.js': `import './now.js'\nexport const load = () => import('./later.js')`,
    'now.js': `console.log('${'n'.repeat(400)}')`,
    'later.js': `import './deep.js'\nconsole.log('${'l'.repeat(2000)}')`,
    'deep.js': `console.log('${'d'.repeat(3000)}')`,
  })
  expect(now.minified).toBeGreaterThan(400)
  expect(now.minified).toBeLessThan(1000)
  expect(later.minified).toBeGreaterThan(5000)
  expect([...inputs].sort()).toEqual(['entry.js', 'now.js'])
})

it('what is imported at once counts although it is imported lazily too', async () => {
  const { now, inputs } = await bundleOf({
    'entry.js': `import { b } from './b.js'\nconsole.log(b)\nexport const load = () => import('./shared.js')`,
    'b.js': `import { text } from './shared.js'\nexport const b = text`,
    'shared.js': `export const text = '${'s'.repeat(2000)}'`,
  })
  expect(now.minified).toBeGreaterThan(2000)
  expect(inputs).toContain('shared.js')
})

it('an unused import of a module with side effects is found to cost something', async () => {
  const pure = { 'node_modules/p/package.json': '{"name":"p","main":"i.js","sideEffects":false}' }
  const impure = { 'node_modules/p/package.json': '{"name":"p","main":"i.js"}' }
  const files = {
    'entry.js': `import * as unused from 'p'`,
    'node_modules/p/i.js': `globalThis.patched = '${'x'.repeat(100)}'`,
  }
  expect((await bundleOf({ ...files, ...pure })).now.minified).toBeLessThan(60)
  expect((await bundleOf({ ...files, ...impure })).now.minified).toBeGreaterThan(60)
})

it.each(['ky', 'msw', 'react', 'broadcast-channel'])(
  '%s among the modules of the main entry is a fault',
  (name) => {
    expect(unwantedInputs(['dist/index.js', `node_modules/${name}/dist/index.js`])).toHaveLength(1)
  },
)

it('the main entry may load jose and its own chunks, and must load something', () => {
  expect(
    unwantedInputs(['dist/index.js', 'dist/chunk-4TGYFFK6.js', 'node_modules/jose/dist/index.js']),
  ).toEqual([])
  expect(unwantedInputs(['dist/index.js', 'dist/testing.js'])).toEqual(['dist/testing.js'])
  expect(unwantedInputs([])).toEqual(['no modules were found'])
})

it('a file that should not be packed, and one that is missing, are faults', () => {
  const expected = [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist/chunk-4TGYFFK6.js',
    'dist/client-Ab3_x-9Z.d.ts',
    'dist/development/chunk-4TGYFFK7.js',
    'dist/development/index.js',
    'dist/development/index.js.map',
    'dist/development/ky.js',
    'dist/development/ky.js.map',
    'dist/index.d.ts',
    'dist/index.js',
    'dist/index.js.map',
    'dist/ky.d.ts',
    'dist/ky.js',
    'dist/ky.js.map',
    'package.json',
    'dist/THIRD-PARTY-LICENSES.txt',
  ]
  const entries = ['latchkey', 'latchkey/ky']
  expect(listFaults(expected, entries)).toEqual([])
  expect(listFaults([...expected, 'src/index.ts', 'dist/notes.txt'], entries)).toEqual([
    'src/index.ts should not be packed',
    'dist/notes.txt should not be packed',
  ])
  expect(listFaults([...expected, 'dist/development/index.d.ts'], entries)).toHaveLength(1)
  expect(listFaults(expected.slice(1), entries)).toEqual(['CHANGELOG.md is missing'])
  expect(listFaults([...expected, 'docs/react.md', 'docs/lab.png', 'docs/sql/sqlite.sql'], entries)).toEqual(
    [],
  )
})

it('an import that leaves the folder of its build is a fault', () => {
  const files = new Map([
    ['index.js', `import { a } from "./chunk.js"\nexport const load = () => import("./lazy.js")`],
    ['chunk.js', `import 'react'\nexport * from './index.js'`],
    ['lazy.js', ''],
  ])
  expect(strangers(files)).toEqual([])
  expect(strangers(new Map([...files, ['lazy.js', `import "../index.js"`]]))).toEqual([
    'lazy.js imports ../index.js',
  ])
})

it('a link of a packed document to what is not packed is a fault, other than one to sources, tests and what is for contributors', () => {
  const documents = new Map([
    [
      'README.md',
      '[a](docs/a.md) [b](docs/b.md) ![c](docs/c.png) [inside](src/INSIDE.md) [how](CONTRIBUTING.md)',
    ],
    ['docs/a.md', '[up](../README.md) [test](../test/a.test.ts)'],
    ['docs/b.md', '[nobody](none.md)'],
  ])
  expect(deadLinks(['README.md', 'docs/a.md'], documents)).toEqual([
    'README.md: docs/b.md does not exist',
    'README.md: docs/c.png does not exist',
  ])
})

it('R87 every entry is ESM with its types first, and every framework an optional peer', async () => {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    type: string
    sideEffects: boolean
    scripts: Record<string, string>
    exports: Record<string, object | string>
    dependencies: object
    peerDependencies: object
    peerDependenciesMeta: Record<string, { optional: boolean }>
  }
  const { './package.json': self, ...entries } = manifest.exports
  expect([manifest.type, manifest.sideEffects, self]).toEqual(['module', false, './package.json'])
  // npm runs it before it packs, also in a clone where nobody has built.
  expect(manifest.scripts['prepack']).toBe('npm run build')
  for (const entry of Object.values(entries))
    expect(Object.keys(entry)).toEqual(['types', 'development', 'default'])
  expect(Object.keys(manifest.dependencies)).toEqual(['broadcast-channel', 'jose', 'ky'])
  for (const peer of Object.keys(manifest.peerDependencies)) {
    expect(manifest.peerDependenciesMeta[peer]).toEqual({ optional: true })
  }
})
