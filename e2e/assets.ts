import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

let assets: Promise<ReadonlyMap<string, string>> | undefined

/**
 * The scripts of the test pages, by path, with the package as an app gets it: what is built into `dist`. Where a page looks for
 * what a developer should know it is the development build, as under a development server: `main.development.js`. Made once in each
 * worker, into memory.
 */
export function buildAssets(): Promise<ReadonlyMap<string, string>> {
  assets ??= bundle()
  return assets
}

/** Each by itself, so that no page loads what another one needs. */
async function bundle(): Promise<ReadonlyMap<string, string>> {
  const entries = ['main', 'react'].flatMap((name) => [bundleOf(name), bundleOf(name, 'development')])
  return new Map((await Promise.all(entries)).flat())
}

async function bundleOf(
  entry: string,
  condition?: 'development',
): Promise<(readonly [path: string, text: string])[]> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`pages/${entry}.ts`, import.meta.url))],
    entryNames: condition === undefined ? '[name]' : `[name].${condition}`,
    conditions: condition === undefined ? [] : [condition],
    // Not the paths of the type check, which lead to the sources.
    tsconfigRaw: {},
    bundle: true,
    format: 'esm',
    // Chunks, as a real build has them: what the client loads lazily is then really loaded lazily.
    splitting: true,
    target: 'es2022',
    outdir: '/assets',
    write: false,
    logLevel: 'error',
  })
  return outputFiles.map(({ path, text }) => [path, text] as const)
}
