import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vitest/config'
import { ROOT } from './files.ts'
import { fencesOf } from './markdown.ts'

/**
 * Makes each fence of a document a module of its own: `fence:docs/testing.md:120.ts` is the one whose code begins there, and
 * `fence:docs/testing.md.ts` the list of them.
 */
export function fenceModules(): Plugin {
  return {
    name: 'fence-modules',
    enforce: 'pre',
    resolveId: (id) => (id.startsWith('fence:') ? join(ROOT, id) : undefined),
    load(id) {
      const [, file = '', line] = /\/fence:([^:]+\.md)(?::(\d+))?\.tsx?$/.exec(id) ?? []
      if (file === '') return undefined
      const fences = fencesOf(file, readFileSync(join(ROOT, file), 'utf8'))
      if (line === undefined) return `export default ${JSON.stringify(fences)}`
      return fences.find((fence) => fence.line === Number(line))?.code
    },
  }
}
