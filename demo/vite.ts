import react from '@vitejs/plugin-react'
import { fileURLToPath } from 'node:url'
import type { InlineConfig } from 'vite'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** Which build of the package the page gets: that of the sources, or what stands in `dist`. */
const entry = (source: string, built: string): string =>
  path(process.env['PACKAGE'] === 'dist' ? `../dist/${built}` : `../src/${source}`)

/** How the page is made of its sources, in memory or while one works on it. */
export const viteConfig: InlineConfig = {
  root: path('.'),
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  plugins: [react()],
  resolve: {
    alias: [
      { find: /^latchkey\/ky$/, replacement: entry('ky.ts', 'ky.js') },
      { find: /^latchkey\/react$/, replacement: entry('react/index.ts', 'react.js') },
      { find: /^latchkey\/testing$/, replacement: entry('testing/index.ts', 'testing.js') },
      { find: /^latchkey$/, replacement: entry('index.ts', 'index.js') },
    ],
  },
  server: { fs: { allow: [path('..')] } },
  build: {
    target: 'es2022',
    // The policy of the page allows no inline data, and all browsers that are fit for this load modules ahead by themselves.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: [path('index.html'), path('away.html')] },
  },
}
