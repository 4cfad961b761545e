import { readdir, readFile, writeFile } from 'node:fs/promises'
import { defineConfig } from 'tsup'

/** The licences of what is inlined ask to be passed on with it. esbuild names the origin of each module in a comment. */
async function passOnLicences(): Promise<void> {
  const names = (await readdir('dist')).filter((name) => name.endsWith('.js'))
  const texts = await Promise.all(names.map((name) => readFile(`dist/${name}`, 'utf8')))
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
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    ky: 'src/ky.ts',
    presets: 'src/presets.ts',
    react: 'src/react/index.ts',
    testing: 'src/testing/index.ts',
  },
  format: 'esm',
  target: 'es2022',
  dts: true,
  sourcemap: true,
  splitting: true,
  clean: true,
  onSuccess: passOnLicences,
})
