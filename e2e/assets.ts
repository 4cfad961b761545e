import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

let assets: Promise<ReadonlyMap<string, string>> | undefined

/** The script of the test pages with the client as it stands in `src`, by path. Built once in each worker, into memory. */
export function buildAssets(): Promise<ReadonlyMap<string, string>> {
  assets ??= bundle()
  return assets
}

async function bundle(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('pages/main.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    // Chunks, as a real build has them: what the client loads lazily is then really loaded lazily.
    splitting: true,
    target: 'es2022',
    outdir: '/assets',
    write: false,
    logLevel: 'error',
  })
  return new Map(outputFiles.map(({ path, text }) => [path, text]))
}
