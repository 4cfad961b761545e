import { defineConfig } from 'vitest/config'
import { fenceModules } from './tools/fence-modules.ts'

const root = new URL('..', import.meta.url).pathname
const source = (path: string): string => `${root}src/${path}`

export default defineConfig({
  root,
  plugins: [fenceModules()],
  resolve: {
    alias: [
      { find: /^latchkey$/, replacement: source('index.ts') },
      { find: /^latchkey\/ky$/, replacement: source('ky.ts') },
      { find: /^latchkey\/react$/, replacement: source('react/index.ts') },
      { find: /^latchkey\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  test: {
    // A test waits for what it waits for; a slow machine is no failure, a hang still ends.
    testTimeout: 20_000,
    allowOnly: false,
    silent: 'passed-only',
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/**/*.dom.test.{ts,tsx}'],
          environment: 'node',
        },
      },
      {
        extends: true,
        test: { name: 'jsdom', include: ['test/**/*.dom.test.{ts,tsx}'], environment: 'jsdom' },
      },
      {
        extends: true,
        resolve: {
          alias: [
            { find: /^(react|react-dom)(\/.*)?$/, replacement: `${root}test/react-18/node_modules/$1$2` },
          ],
        },
        test: {
          name: 'react-18',
          include: ['test/react/**/*.test.{ts,tsx}'],
          environment: 'jsdom',
          env: { OLDEST_REACT: '18.2.0' },
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            // The sources have a type check of their own.
            ignoreSourceErrors: true,
            only: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/tsconfig.json',
          },
        },
      },
    ],
  },
})
