/* Which of the two builds each tool takes, by itself and told so: all entries of one, and none of the other. */
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeFiles } from '../tools/consumer.ts'
import { ROOT } from '../tools/files.ts'
import { mustRun } from '../tools/steps.ts'

const TOOLS = ['esbuild', 'vite', 'vitest', 'webpack']

const ESBUILD = `import { build } from 'esbuild'
const [conditions] = process.argv.slice(2)
const { outputFiles } = await build({
  entryPoints: ['app.js'], bundle: true, write: false, format: 'esm', ...(conditions && { conditions: [conditions] }),
})
console.log(outputFiles[0].text)`

const WEBPACK = `import { readFile } from 'node:fs/promises'
import webpack from 'webpack'
const [mode] = process.argv.slice(2)
const output = { path: import.meta.dirname + '/' + mode, filename: 'out.js' }
webpack({ context: import.meta.dirname, entry: './app.js', mode, devtool: false, output }, async (error) => {
  console.log(error ?? await readFile(output.path + '/out.js', 'utf8'))
})`

/** As a browser does, with all that the page imports. */
const VITE = `import { createServer } from 'vite'
const [side] = process.argv.slice(2)
const server = await createServer({ logLevel: 'error', server: { host: '127.0.0.1', port: 0 } })
await server.listen()
const seen = new Set()
async function load(url) {
  if (seen.has(url)) return
  seen.add(url)
  const text = await (await fetch(url)).text()
  if (url.includes('latchkey')) console.log(text)
  for (const [, path] of text.matchAll(/(?:from|import) "([^"]+)"/g)) await load(new URL(path, url).href)
}
if (side === 'server') await server.ssrLoadModule('/app.js')
else await load(new URL('/app.js', server.resolvedUrls.local[0]).href)
await server.close()`

let folder: string
let names: string[]

/** An app with the package as its manifest has it, each module of which says whose it is and nothing else. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-conditions-'))
  const manifest = await readFile(join(ROOT, 'package.json'), 'utf8')
  const { exports } = JSON.parse(manifest) as { exports: Record<string, string | Record<string, string>> }
  const entries = Object.entries(exports).flatMap(([path, files]) =>
    typeof files === 'string' ? [] : [[path.replace(/^\./, 'latchkey'), files] as const],
  )
  names = entries.map(([name]) => name)
  const modules = entries.flatMap(([name, { development = '', default: production = '' }]) =>
    [
      [development, 'development'],
      [production, 'production'],
    ].map(([file = '', build]) => [
      join('node_modules/latchkey', file),
      `export const said = '<${build} ${name}>'`,
    ]),
  )
  const app = `${names.map((name, at) => `import { said as said${at} } from '${name}'`).join('\n')}
console.log(${names.map((_, at) => `said${at}`).join(' + ')})\n`
  await writeFiles(folder, {
    ...(Object.fromEntries(modules) as Record<string, string>),
    'package.json': { type: 'module' },
    'app.js': app,
    'app.test.js': `${app}test('it runs', () => {})`,
    'node.test.js': app,
    'index.html': '<script type="module" src="/app.js"></script>',
    'esbuild.js': ESBUILD,
    'webpack.js': WEBPACK,
    'vite.js': VITE,
    'vite.config.js': `export default { test: { globals: true }, build: { rollupOptions: { output: { entryFileNames: 'app.js' } } } }`,
  })
  await cp(join(ROOT, 'package.json'), join(folder, 'node_modules/latchkey/package.json'))
  for (const tool of TOOLS)
    await symlink(join(ROOT, 'node_modules', tool), join(folder, 'node_modules', tool))
  return () => rm(folder, { recursive: true, force: true })
})

/** Whose modules are among what the command prints or writes. */
async function taken(command: readonly string[], file?: string): Promise<string[]> {
  const [program = '', ...args] = command
  // Vite goes by what is in NODE_ENV, and this test runner has put its own word into it.
  const { output } = await mustRun(program, args, { cwd: folder, env: { NODE_ENV: '', NODE_OPTIONS: '' } })
  const text = file === undefined ? output : await readFile(join(folder, file), 'utf8')
  return [...new Set(Array.from(text.matchAll(/<(\w+ latchkey[\w/]*)>/g), ([, said = '']) => said))].sort()
}

const all = (build: 'development' | 'production'): string[] => names.map((name) => `${build} ${name}`)

describe.each([
  ['development', 'Vite, as it serves', ['node', 'vite.js', 'browser'], undefined],
  ['production', 'Vite, for what it renders on a server', ['node', 'vite.js', 'server'], undefined],
  ['production', 'Vite, as it builds', ['vite', 'build', '--logLevel', 'error'], 'dist/app.js'],
  ['development', 'webpack in its mode', ['node', 'webpack.js', 'development'], undefined],
  ['production', 'webpack in its mode', ['node', 'webpack.js', 'production'], undefined],
  ['production', 'esbuild', ['node', 'esbuild.js'], undefined],
  ['development', 'esbuild, told so', ['node', 'esbuild.js', 'development'], undefined],
  ['production', 'Node', ['node', 'app.js'], undefined],
  ['development', 'Node, told so', ['node', '--conditions=development', 'app.js'], undefined],
  ['production', 'the test runner of Node', ['node', '--test', 'node.test.js'], undefined],
  ['development', 'Vitest', ['vitest', 'run', 'app.test.js'], undefined],
] as const)('%s is what is taken', (build, tool, command, written) => {
  it(`R87 by ${tool}`, async () => {
    expect(await taken(command, written)).toEqual(all(build))
  })
})
