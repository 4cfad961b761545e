/* What makes the production build out of the sources: for the build itself, and for the tests that measure or run it. */
import { dirname, join } from 'node:path'
import type { BuildOptions, Plugin } from 'esbuild'

/** The sentences of the development build stay out: beside each `words.ts` there is what is said in its place. */
const shortWords: Plugin = {
  name: 'short-words',
  setup(build) {
    build.onResolve({ filter: /\/words\.js$/ }, ({ path, importer }) => ({
      path: join(dirname(importer), path.replace(/\.js$/, '.production.ts')),
    }))
  },
}

/** Members are not mangled: it would save 0.3 kB, and one wrong name would keep tabs of two versions from understanding each other. */
export const PRODUCTION = {
  plugins: [shortWords],
  minifySyntax: true,
} satisfies BuildOptions
