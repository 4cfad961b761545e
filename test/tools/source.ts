/*
 * Lets Node run the sources as they stand: `node --import ./test/tools/source.ts <script>`. Our imports name the
 * compiled file (`./x.js`) and the package (`latchkey`), as TypeScript wants it; Node strips types but does not resolve that.
 */
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

const ENTRIES: Record<string, string> = {
  latchkey: '../../src/index.ts',
  'latchkey/ky': '../../src/ky.ts',
  'latchkey/presets': '../../src/presets.ts',
  'latchkey/testing': '../../src/testing/index.ts',
}

registerHooks({
  resolve(specifier, context, next) {
    const entry = ENTRIES[specifier]
    if (entry !== undefined) return next(new URL(entry, import.meta.url).href, context)
    if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.startsWith('file:')) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL)
      if (existsSync(fileURLToPath(source))) return next(source.href, context)
    }
    return next(specifier, context)
  },
})
