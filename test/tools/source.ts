/*
 * Lets Node run the sources as they stand: `node --import ./test/tools/source.ts <script>`. Our imports name the
 * compiled file (`./x.js`) and the package (`latchkey`), as TypeScript wants it; Node strips types but does not resolve that.
 * With `BUILD=production` in the environment it is the production build of them that runs.
 */
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ENTRIES: Record<string, string> = {
  latchkey: '../../src/index.ts',
  'latchkey/jwt': '../../src/jwt/index.ts',
  'latchkey/ky': '../../src/ky.ts',
  'latchkey/oidc': '../../src/oidc/index.ts',
  'latchkey/presets': '../../src/presets.ts',
  'latchkey/server': '../../src/server/index.ts',
  'latchkey/testing': '../../src/testing/index.ts',
}

let run = (source: URL): URL => source
if (process.env['BUILD'] === 'production') {
  const { builtFolder, builtOf, buildSources } = await import('./builds.ts')
  await buildSources('production', builtFolder('production'))
  run = (source) => pathToFileURL(builtOf(fileURLToPath(source)) ?? fileURLToPath(source))
}

registerHooks({
  resolve(specifier, context, next) {
    const entry = ENTRIES[specifier]
    if (entry !== undefined) return next(run(new URL(entry, import.meta.url)).href, context)
    if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.startsWith('file:')) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL)
      if (existsSync(fileURLToPath(source))) return next(run(source).href, context)
    }
    return next(specifier, context)
  },
})
