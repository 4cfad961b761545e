/* The builds of the sources as they stand, with every module of them as an entry: for tests that look into one, or run on it. */
import { existsSync, globSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { build, type BuildOptions, type Metafile } from 'esbuild'
import type { Plugin } from 'vitest/config'
import { ROOT } from './files.ts'
import { PRODUCTION } from './production.ts'

const BUILDS: Record<'development' | 'production', BuildOptions> = { development: {}, production: PRODUCTION }
const SOURCES = join(ROOT, 'src')

/** Builds into the folder, as `tsup.config.ts` does; each module of `src` stands there under its own path. */
export async function buildSources(kind: keyof typeof BUILDS, outdir: string): Promise<Metafile> {
  await rm(outdir, { recursive: true, force: true })
  const { metafile } = await build({
    ...BUILDS[kind],
    absWorkingDir: ROOT,
    entryPoints: globSync('src/**/*.ts', {
      cwd: ROOT,
      exclude: (path) => /\b(words(\.production)?|help)\.ts$/.test(path),
    }),
    outbase: SOURCES,
    outdir,
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    target: 'es2022',
    sourcemap: true,
    metafile: true,
    logLevel: 'silent',
  })
  return metafile
}

/** Where packages are found from, and no tool looks for sources. */
export const builtFolder = (name: string): string => join(ROOT, 'node_modules/.latchkey', name)

/** The module of the production build that is made of a source, where it is one. */
export function builtOf(source: string): string | undefined {
  const path = relative(SOURCES, source)
  const built = join(builtFolder('production'), path.replace(/\.[jt]s$/, '.js'))
  return path.startsWith('..') || !existsSync(built) ? undefined : built
}

/** Puts the production build in the place of the sources, whatever module of them a test imports. */
export const productionBuild = (): Plugin => ({
  name: 'production-build',
  enforce: 'pre',
  resolveId: (source, importer) =>
    /^[./]/.test(source) ? builtOf(resolve(dirname(importer ?? ROOT), source)) : undefined,
})
