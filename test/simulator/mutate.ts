/*
 * Makes a simulator whose client has one fault: one exact piece of one source file is replaced while everything is
 * bundled. What is not there, or there twice, cannot be replaced, so that mutants stay in step with the code.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { simulate } from './simulate.js'

export interface Mutation {
  /** What the client does wrong. */
  readonly name: string
  /** Below `src`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
/** Below node_modules, so that the bundle finds the packages it needs. */
const FOLDER = '../../node_modules/.cache/latchkey-mutants/'

export async function mutate({ name, file, find, replace }: Mutation): Promise<typeof simulate> {
  const source = path(`../../src/${file}`)
  const text = await readFile(source, 'utf8')
  const found = text.split(find).length - 1
  if (found !== 1)
    throw new Error(`"${name}": src/${file} holds ${found} times what is to be replaced: ${find}`)
  const contents = text.replace(find, () => replace)
  const outfile = path(`${FOLDER}${name.replace(/\W+/g, '-')}.mjs`)
  await build({
    entryPoints: [path('./simulate.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    plugins: [
      {
        name: 'mutate',
        setup(plugin) {
          plugin.onLoad({ filter: /\.ts$/ }, (module) =>
            module.path === source ? { contents, loader: 'ts' } : undefined,
          )
        },
      },
    ],
  })
  const bundle = (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as {
    simulate: typeof simulate
  }
  return bundle.simulate
}
