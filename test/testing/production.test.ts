/* A test auth in somebody's production build: bundled as apps are, and run where there is no `process`, as in a page. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { build as esbuild } from 'esbuild'
import { createTestAuth } from 'latchkey/testing'
import { build as viteBuild } from 'vite'
import { expect, it, onTestFinished, vi } from 'vitest'
import { ROOT } from '../tools/files.ts'

const SENTENCE =
  /this is a production build, .* Use createAuthClient\(\) in the app\. .* `allowInProduction: true`/
const TESTING = join(ROOT, 'src/testing/index.ts')

const app = (options: string): string =>
  `import { createTestAuth } from 'latchkey/testing'\nglobalThis.status = createTestAuth(${options}).getState().status`

async function withVite(code: string, mode: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-production-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const input = join(folder, 'main.js')
  await writeFile(input, code)
  vi.stubEnv('NODE_ENV', mode)
  const built = await viteBuild({
    root: folder,
    mode,
    configFile: false,
    logLevel: 'silent',
    resolve: { alias: { 'latchkey/testing': TESTING } },
    build: { write: false, modulePreload: false, rollupOptions: { input, output: { format: 'iife' } } },
  })
  const { output } = built as { readonly output: readonly { readonly code?: string }[] }
  return output[0]?.code ?? ''
}

async function withEsbuild(code: string, define: Record<string, string>): Promise<string> {
  const { outputFiles } = await esbuild({
    stdin: { contents: code, resolveDir: ROOT },
    alias: { 'latchkey/testing': TESTING },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    define,
  })
  return outputFiles[0]?.text ?? ''
}

/** Runs it in a page without `process`; what it says the status is. */
function run(code: string): unknown {
  const page = { URL, Headers, AbortController, performance, queueMicrotask, status: undefined }
  runInNewContext(code, page)
  return page.status
}

it('R89 in a production build of Vite it throws, and says what to do', async () => {
  const code = await withVite(app(`{ user: { id: 'ann' } }`), 'production')
  expect(() => run(code)).toThrow(SENTENCE)
})

it('R89 in a production build that says that it is for tests, and in a development build, it runs', async () => {
  const allowed = app(`{ user: { id: 'ann' }, allowInProduction: true }`)
  expect(run(await withVite(allowed, 'production'))).toBe('authenticated')
  expect(run(await withVite(app(`{ user: { id: 'ann' } }`), 'development'))).toBe('authenticated')
})

it.each([
  ['production', { 'process.env.NODE_ENV': '"production"' }, true],
  ['development', { 'process.env.NODE_ENV': '"development"' }, false],
  ['nothing at all, where there is no process', { 'process.env.NODE_ENV': 'process.env.NODE_ENV' }, false],
])('R89 a bundler that puts in %s', async (_what, define, refused) => {
  const code = await withEsbuild(app(`{ user: { id: 'ann' } }`), define)
  if (refused) expect(() => run(code)).toThrow(SENTENCE)
  else expect(run(code)).toBe('authenticated')
})

it('R89 a server in production refuses it, too', () => {
  vi.stubEnv('NODE_ENV', 'production')
  expect(() => createTestAuth()).toThrow(SENTENCE)
  expect(createTestAuth({ allowInProduction: true }).getState().status).toBe('unauthenticated')
})
