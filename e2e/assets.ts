import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

let assets: Promise<ReadonlyMap<string, string>> | undefined

/** The scripts of the test pages with the client as it stands in `src`, by path. Built once in each worker, into memory. */
export function buildAssets(): Promise<ReadonlyMap<string, string>> {
  assets ??= bundle()
  return assets
}

/** Each by itself, so that no page loads what another one needs. */
async function bundle(): Promise<ReadonlyMap<string, string>> {
  const built = await Promise.all(['main.ts', 'react.ts'].map(bundleOf))
  return new Map(built.flat())
}

async function bundleOf(entry: string): Promise<(readonly [path: string, text: string])[]> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`pages/${entry}`, import.meta.url))],
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
