import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { defineConfig, type Options } from 'tsup'
import { PRODUCTION } from './test/tools/production.ts'

/** The licences of what is inlined ask to be passed on with it. esbuild names the origin of each module in a comment. */
async function passOnLicences(): Promise<void> {
  const names = (await readdir(DEVELOPMENT)).filter((name) => name.endsWith('.js'))
  const texts = await Promise.all(names.map((name) => readFile(`${DEVELOPMENT}/${name}`, 'utf8')))
  const inlined = texts.flatMap((text) =>
    [...text.matchAll(/^\/\/ node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//gm)].map(([, name]) => String(name)),
  )
  const licences = [...new Set(inlined)].map(async (name: string) => {
    const licence: string = await readFile(`node_modules/${name}/LICENSE`, 'utf8')
    return `${name}\n\n${licence.trim()}\n`
  })
  await writeFile('dist/THIRD-PARTY-LICENSES.txt', (await Promise.all(licences)).join('\n\n'))
}

// What stands in dependencies and peerDependencies stays an import; everything else is inlined. Never set `treeshake`:
// it drops directives such as 'use client'.
const SHARED: Options = {
  entry: {
    index: 'src/index.ts',
    jwt: 'src/jwt/index.ts',
    ky: 'src/ky.ts',
    oidc: 'src/oidc/index.ts',
    presets: 'src/presets.ts',
    react: 'src/react/index.ts',
    server: 'src/server/index.ts',
    testing: 'src/testing/index.ts',
  },
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  splitting: true,
}

const DEVELOPMENT = 'dist/development'

// Each build has chunks of its own, so that no module of one is ever loaded by the other. The types are the same.
export default defineConfig(async () => {
  await rm('dist', { recursive: true, force: true })
  return [
    { ...SHARED, outDir: DEVELOPMENT, onSuccess: passOnLicences },
    {
      ...SHARED,
      outDir: 'dist',
      dts: true,
      esbuildPlugins: PRODUCTION.plugins,
      esbuildOptions: (options) => void Object.assign(options, { ...PRODUCTION, plugins: options.plugins }),
    },
  ]
})
