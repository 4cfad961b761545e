/* Before tests that run on what would be published: builds it, unless it stands there and is newer than all it is made of. */
import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './files.ts'
import { mustRun } from './steps.ts'

const PARTS = ['src/**/*', 'package.json', 'tsup.config.ts', 'test/tools/production.ts']

const newest = (patterns: readonly string[]): number =>
  Math.max(0, ...globSync([...patterns], { cwd: ROOT }).map((path) => statSync(join(ROOT, path)).mtimeMs))

export default async function setup(): Promise<void> {
  // The declarations are written last.
  if (newest(['dist/testing.d.ts']) < newest(PARTS)) await mustRun('npm', ['run', '--silent', 'build'])
}
