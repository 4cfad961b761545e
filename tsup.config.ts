import { defineConfig } from 'tsup'

// What stands in dependencies and peerDependencies stays an import; everything else is inlined. Never set `treeshake`:
// it drops directives such as 'use client'.
export default defineConfig({
  entry: { index: 'src/index.ts', ky: 'src/ky.ts', testing: 'src/testing/index.ts' },
  format: 'esm',
  target: 'es2022',
  dts: true,
  sourcemap: true,
  splitting: true,
  clean: true,
})
