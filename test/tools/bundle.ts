/* What an entry costs in somebody's app: bundled with all it imports, minified, gzipped. */
import { realpathSync } from 'node:fs'
import { relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type BuildOptions, type Metafile } from 'esbuild'
import { ROOT } from './files.ts'

export interface Size {
  readonly minified: number
  readonly gzipped: number
}

export interface Bundle {
  /** All that loads with the entry. */
  readonly now: Size
  /** What loads later, by `import()`. */
  readonly later: Size
  /** Modules that load with the entry, as paths below the root. */
  readonly inputs: readonly string[]
  /** The code that loads with the entry. */
  readonly code: string
}

function add(sizes: readonly Size[]): Size {
  return sizes.reduce(
    (sum, { minified, gzipped }) => ({ minified: sum.minified + minified, gzipped: sum.gzipped + gzipped }),
    { minified: 0, gzipped: 0 },
  )
}

/** The outputs that the given ones import at once, with themselves. */
function staticClosure(outputs: Metafile['outputs'], entry: string): Set<string> {
  const reached = new Set([entry])
  for (const path of reached) {
    for (const { path: next, kind } of outputs[path]?.imports ?? []) {
      if (kind !== 'dynamic-import' && next in outputs) reached.add(next)
    }
  }
  return reached
}

/** Bundles a module as an app would. `external` are the packages that the app has anyway; `more` is for sources that are not built yet. */
export async function bundle(
  code: string,
  external: readonly string[] = [],
  folder = ROOT,
  more: BuildOptions = {},
): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...more,
    stdin: { contents: code, resolveDir: folder, sourcefile: 'entry.js' },
    absWorkingDir: realpathSync(folder),
    outdir: 'out',
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    external: [...external],
    legalComments: 'none',
    logLevel: 'silent',
  })
  const sizes = new Map(
    outputFiles.map(({ path, contents }) => [
      relative(realpathSync(folder), path),
      { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length },
    ]),
  )
  const entry = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === 'entry.js')?.[0]
  if (entry === undefined) throw new Error('esbuild gave no entry')
  const now = staticClosure(metafile.outputs, entry)
  const pick = (inNow: boolean): Size =>
    add([...sizes].filter(([path]) => now.has(path) === inNow).map(([, size]) => size))
  return {
    now: pick(true),
    later: pick(false),
    inputs: [...now].flatMap((path) => Object.keys(metafile.outputs[path]?.inputs ?? {})),
    code: outputFiles
      .filter(({ path }) => now.has(relative(realpathSync(folder), path)))
      .map(({ text }) => text)
      .join('\n'),
  }
}
