import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { launchOptions } from '../tools/browsers.ts'
import { findDatabase } from '../tools/databases.ts'
import { findPython } from '../tools/django.ts'
import { ROOT } from '../tools/files.ts'
import { beside, command, held, run, runSteps, type Step } from '../tools/steps.ts'

const step = (name: string, run: Step['run']): Step => ({ name, run })

afterEach(() => {
  process.exitCode = undefined
})

async function linesOf(...steps: Step[]): Promise<string[]> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await runSteps(steps)
  return log.mock.calls
    .map(([line]) => String(line))
    .join('\n')
    .split('\n')
}

it('the last line is the sum over all steps', async () => {
  const lines = await linesOf(
    step('a', async () => held()),
    step('b', async () => ({ passed: 41, failed: 0 })),
  )
  expect(lines.at(-1)).toBe('42 passed, 0 failed')
  expect(process.exitCode).toBe(0)
})

it('a step that fails, throws or checks nothing ends the run with a failure, after all others ran', async () => {
  const last = vi.fn(async () => held())
  const lines = await linesOf(
    step('fails', async () => ({ passed: 2, failed: 3, report: 'three of them' })),
    step('throws', () => Promise.reject(new Error('why it threw'))),
    step('checks nothing', async () => ({ passed: 0, failed: 0 })),
    step('runs still', last),
  )
  expect(last).toHaveBeenCalledOnce()
  expect(lines.join('\n')).toContain('three of them')
  expect(lines.join('\n')).toContain('why it threw')
  expect(lines.at(-1)).toBe('3 passed, 5 failed')
  expect(process.exitCode).toBe(1)
})

it('of steps that may run beside each other two run at once, each is told of in its place, and none that may not overlaps', async () => {
  const running = new Set<string>()
  const seen: string[] = []
  const ends = new Map<string, () => void>()
  const noted = (name: string) =>
    step(name, async () => {
      running.add(name)
      seen.push([...running].join('+'))
      await new Promise<void>((resolve) => {
        ends.set(name, resolve)
        // The second of two ends before the first.
        if (name !== 'a') setImmediate(resolve)
        if (name === 'b') setImmediate(() => ends.get('a')?.())
      })
      running.delete(name)
      return held()
    })
  const lines = await linesOf(
    ...['a', 'b', 'c'].map(noted).map(beside),
    noted('alone'),
    ...['d', 'e'].map(noted).map(beside),
  )
  expect(seen).toEqual(['a', 'a+b', 'c', 'alone', 'd', 'd+e'])
  expect(lines.filter((line) => line.startsWith('ok')).map((line) => line.split(/ +/)[1])).toEqual([
    'a',
    'b',
    'c',
    'alone',
    'd',
    'e',
  ])
  expect(lines.at(-1)).toBe('6 passed, 0 failed')
})

it('a run of no steps is a failure', async () => {
  expect((await linesOf()).at(-1)).toBe('0 passed, 0 failed')
  expect(process.exitCode).toBe(1)
})

it('a command that fails says what it printed', async () => {
  const fails = command('fails', 'node', '-e', 'console.error("its reason"); process.exit(3)')
  await expect(fails.run()).rejects.toThrow('its reason')
  await expect(command('missing', 'no-such-command').run()).rejects.toThrow('no-such-command')
})

it('Django is fetched where it is missing and can be; without apt it is left out, and in CI a failure is one', () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const on = (apt: boolean, fetches: boolean, isCI: boolean) => {
    let here = false
    return () =>
      findPython({
        named: undefined,
        isCI,
        hasAll: (python) => here && python === 'python3',
        canFetch: () => apt,
        fetch() {
          here = fetches
          return fetches ? undefined : 'no network'
        },
      })
  }
  expect(on(true, true, true)()).toBe('python3')
  expect(on(false, true, true)()).toBeUndefined()
  expect(on(true, false, false)()).toBeUndefined()
  expect(on(true, false, true)).toThrow('no network')
})

it('a database is fetched where it is missing and can be; without apt it is left out, and in CI a failure is one', () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const on = (apt: boolean, fetches: boolean, isCI: boolean) => {
    let here = false
    const fetch = () => ((here = fetches), fetches ? undefined : 'no network')
    const find = () => (here ? '/usr/bin/redis-server' : undefined)
    return () => findDatabase('Redis', { isCI, find, canFetch: () => apt, fetch })
  }
  expect(on(true, true, true)()).toBe('/usr/bin/redis-server')
  expect(on(false, true, true)()).toBeUndefined()
  expect(on(true, false, false)()).toBeUndefined()
  expect(on(true, false, true)).toThrow('no network')
})

it('a browser named in the environment is taken, and one that is not there is an error', () => {
  vi.stubEnv('LATCHKEY_CHROMIUM', process.execPath)
  expect(launchOptions('chromium').executablePath).toBe(process.execPath)
  vi.stubEnv('LATCHKEY_CHROMIUM', '/no/such/browser')
  expect(() => launchOptions('chromium')).toThrow('/no/such/browser')
})

it.each([
  ['the clock in core', 'src/core/a.ts', 'export const now = () => Date.now()', 'no-restricted-globals'],
  [
    'chance in core',
    'src/core/a.ts',
    'export const chance = () => Math.random()',
    'no-restricted-properties',
  ],
  ['a log line in src', 'src/a.ts', `export const f = () => console.log('x')`, 'no-console'],
  ['any in src', 'src/a.ts', 'export const f = (x: any) => x', 'no-explicit-any'],
  [
    'a promise that floats',
    'src/a.ts',
    'export function f(): void {\n  Promise.resolve()\n}',
    'no-floating-promises',
  ],
  ['a note for later', 'src/a.ts', '// FIXME: more\nexport const a = 1', 'no-warning-comments'],
])('the linter finds %s', async (_name, path, text, rule) => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-lint-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, path, '..'), { recursive: true })
  await writeFile(join(folder, path), text)
  await writeFile(
    join(folder, 'tsconfig.json'),
    '{ "compilerOptions": { "strict": true, "target": "ES2022" } }',
  )
  const lint = ['-c', join(ROOT, 'test/oxlintrc.json'), '--type-aware', '-f', 'unix', '.']
  const { status, output } = await run('oxlint', lint, { cwd: folder })
  expect(output.match(/\(([\w-]+)\)\]/)?.[1], output).toBe(rule)
  expect(status).toBe(1)
})
