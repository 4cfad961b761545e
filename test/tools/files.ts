import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')

/** The text of each file that matches, keyed by its path below `folder`, in the order of their names. */
export function readFiles(patterns: readonly string[], folder = ROOT): Map<string, string> {
  const paths = patterns.flatMap((pattern) => globSync(pattern, { cwd: folder })).sort()
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]))
}
