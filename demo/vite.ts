import react from '@vitejs/plugin-react'
import { fileURLToPath } from 'node:url'
import type { InlineConfig } from 'vite'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** How the page is made of its sources, in memory or while one works on it. */
export const viteConfig: InlineConfig = {
  root: path('.'),
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  plugins: [react()],
  resolve: {
    alias: [
      { find: /^latchkey\/ky$/, replacement: path('../src/ky.ts') },
      { find: /^latchkey\/react$/, replacement: path('../src/react/index.ts') },
      { find: /^latchkey\/testing$/, replacement: path('../src/testing/index.ts') },
      { find: /^latchkey$/, replacement: path('../src/index.ts') },
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
