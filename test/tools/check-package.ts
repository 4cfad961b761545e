/*
 * `npm run check:package`: whether what would be published is what we mean to publish. Each check is a step of
 * `npm test` too. They work on the build and on the tarball that the first two steps make.
 */
import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { HELP } from '../../src/help.ts'
import { NO_CLIENT } from '../../src/react/words.ts'
import { type Bundle, bundle } from './bundle.ts'
import { buildConsumerApp, importOnNode20, pack } from './consumer.ts'
import { readFiles, ROOT } from './files.ts'
import { buildNextApp } from './next-app.ts'
import { deadLinks, listFaults, sizeFaults, sizeTable, strangers, unwantedInputs } from './package-rules.ts'
import { beside, command, held, mustRun, runSteps, type Step } from './steps.ts'

function mustBeEmpty(faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-package-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const PEERS = ['msw', 'openid-client', 'react']

async function entryNames(): Promise<string[]> {
  const { exports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { exports: object }
  return Object.keys(exports)
    .filter((path) => path !== './package.json')
    .map((path) => path.replace(/^\./, 'latchkey'))
}

async function bundles(): Promise<Map<string, Bundle>> {
  const found = new Map<string, Bundle>()
  for (const name of await entryNames()) {
    found.set(name, await bundle(`export * from '${name}'`, PEERS))
  }
  return found
}

export const packageSteps: readonly Step[] = [
  command('build', 'tsup', '--silent'),
  command('publint', 'publint', '--strict'),
  beside({
    name: 'attw',
    run: () =>
      withFolder(async (folder) => {
        await mustRun('attw', [
          await pack(folder),
          '--profile',
          'esm-only',
          '--no-emoji',
          '--format',
          'ascii',
        ])
        return held()
      }),
  }),
  beside({
    name: 'packed files',
    run: async () => {
      const { stdout } = await mustRun('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'])
      const [packed] = JSON.parse(stdout) as { files: { path: string }[]; size: number }[]
      const paths = packed?.files.map(({ path }) => path) ?? []
      mustBeEmpty(listFaults(paths, await entryNames()))
      mustBeEmpty(deadLinks(paths, readFiles(['*.md', 'docs/*.md'])))
      return held(`${packed?.files.length} files, ${packed?.size} B`)
    },
  }),
  beside({
    name: 'npm pack in a fresh clone ships code',
    run: () =>
      withFolder(async (folder) => {
        const { stdout: tracked } = await mustRun('git', ['ls-files', '-z'])
        const clone = join(folder, 'clone')
        for (const path of tracked.split('\0').filter(Boolean)) await cp(join(ROOT, path), join(clone, path))
        await symlink(join(ROOT, 'node_modules'), join(clone, 'node_modules'))
        await mustRun('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: clone })
        const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
        const { stdout } = await mustRun('tar', ['-tzf', join(folder, tarball)])
        const paths = stdout
          .trim()
          .split('\n')
          .map((path) => path.replace(/^package\//, ''))
        mustBeEmpty(listFaults(paths, await entryNames()))
        return held()
      }),
  }),
  {
    name: 'no path of this machine in dist',
    run: async () => {
      const all = await readdir(join(ROOT, 'dist'), { recursive: true, withFileTypes: true })
      const files = all
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => relative(join(ROOT, 'dist'), join(parentPath, name)))
        .sort()
      const texts = await Promise.all(files.map((file) => readFile(join(ROOT, 'dist', file), 'utf8')))
      mustBeEmpty(
        files.filter(
          (_, index) => texts[index]?.includes(ROOT) === true || texts[index]?.includes('file:///'),
        ),
      )
      return held()
    },
  },
  {
    name: 'latchkey/react says that it belongs to the browser',
    run: async () => {
      for (const path of ['dist/react.js', 'dist/development/react.js']) {
        const text = await readFile(join(ROOT, path), 'utf8')
        if (!/^["']use client["']/.test(text)) throw new Error(`${path} begins with ${text.slice(0, 40)}`)
      }
      return held()
    },
  },
  {
    name: 'both builds export the same, and neither loads a file of the other',
    run: async () => {
      for (const name of await entryNames()) {
        const [production, development] = await Promise.all(
          ['default', 'development'].map(async (condition) => {
            const code = `import * as all from '${name}'\nconsole.log(Object.keys(all).join())`
            const flags = [`--conditions=${condition}`, '--input-type=module', '--eval', code]
            return (await mustRun('node', flags)).stdout
          }),
        )
        if (production !== development) throw new Error(`${name}: ${production} and ${development}`)
      }
      for (const folder of ['dist', 'dist/development']) {
        const files = (await readdir(join(ROOT, folder))).filter((file) => file.endsWith('.js'))
        const texts = await Promise.all(files.map((file) => readFile(join(ROOT, folder, file), 'utf8')))
        mustBeEmpty(strangers(new Map(files.map((file, at) => [file, texts[at] ?? '']))))
      }
      return held()
    },
  },
  {
    name: 'sizes',
    run: async () => {
      const found = await bundles()
      const report = sizeTable(found)
      const faults = sizeFaults(found)
      return faults.length === 0
        ? held(report)
        : { passed: 0, failed: 1, report: `${report}\n${faults.join('\n')}` }
    },
  },
  {
    name: 'an import that is not used costs nothing',
    run: async () => {
      for (const name of await entryNames()) {
        const { now, code } = await bundle(`import * as unused from '${name}'\nimport '${name}'`, PEERS)
        if (now.minified >= 60) throw new Error(`${name} leaves ${now.minified} B: ${code.slice(0, 200)}`)
      }
      return held()
    },
  },
  {
    name: 'latchkey loads no other entry, framework or polyfill',
    run: async () => {
      mustBeEmpty(unwantedInputs((await bundle(`export * from 'latchkey'`)).inputs))
      return held()
    },
  },
  beside({
    name: 'an empty app installs, type-checks and builds it',
    run: () =>
      withFolder(async (folder) => {
        await buildConsumerApp(folder)
        return held(await importOnNode20(folder, await entryNames()))
      }),
  }),
  beside({
    name: 'a Next.js app type-checks, builds and renders it',
    run: () =>
      withFolder(async (folder) => {
        const { page, scripts } = await buildNextApp(folder)
        if (!page.includes('One moment')) throw new Error(`The page says ${page.slice(0, 400)}`)
        if (!scripts.includes(HELP) || scripts.includes(NO_CLIENT))
          throw new Error('Its scripts are of the development build')
        return held()
      }),
  }),
]

if (import.meta.main) await runSteps(packageSteps)
