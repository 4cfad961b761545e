import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { productionBuild } from './tools/builds.ts'
import { canStart, hasDatabase } from './tools/databases.ts'
import { fenceModules } from './tools/fence-modules.ts'

const root = new URL('..', import.meta.url).pathname
const source = (path: string): string => `${root}src/${path}`

/** What searches for long. */
const SLOW = [
  'test/client/tabs/at-rest.test.ts',
  'test/simulator/seeds.test.ts',
  'test/simulator/seeds-sessions.test.ts',
]
/** What needs a database that is not here. The step of `npm test` fetches it, or says that it is not run. */
const WITHOUT = [
  ...(hasDatabase('postgres') ? [] : ['test/stores/postgres*.test.ts']),
  ...(canStart('postgres') ? [] : ['test/stores/postgres-own.test.ts']),
  ...(hasDatabase('redis') ? [] : ['test/stores/redis*.test.ts']),
  ...(canStart('redis') ? [] : ['test/stores/redis-own.test.ts']),
  ...(hasDatabase('postgres') || hasDatabase('redis') ? [] : ['test/stores/machines.test.ts']),
]
const script = process.env['npm_lifecycle_event']

/** What takes long begins first, so that no core waits for it at the end. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isSlow = ({ moduleId }: TestSpecification) => SLOW.some((path) => moduleId.endsWith(path))
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))]
  }
}

export default defineConfig({
  root,
  plugins: [fenceModules()],
  resolve: {
    alias: [
      { find: /^latchkey$/, replacement: source('index.ts') },
      { find: /^latchkey\/jwt$/, replacement: source('jwt/index.ts') },
      { find: /^latchkey\/ky$/, replacement: source('ky.ts') },
      { find: /^latchkey\/oidc$/, replacement: source('oidc/index.ts') },
      { find: /^latchkey\/presets$/, replacement: source('presets.ts') },
      { find: /^latchkey\/react$/, replacement: source('react/index.ts') },
      { find: /^latchkey\/server$/, replacement: source('server/index.ts') },
      { find: /^latchkey\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  test: {
    // A test waits for what it waits for; a slow machine is no failure, a hang still ends.
    testTimeout: 20_000,
    // By itself Vitest leaves one core to whoever watches.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: SlowFirst },
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
          // Files share a worker: each would load the client and its tools anew.
          isolate: false,
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/**/*.dom.test.{ts,tsx}', 'test/stores/**', ...SLOW],
          environment: 'node',
        },
      },
      // By themselves: whoever watches a folder wants to know at once, and what they leave on the heap slows others down.
      { extends: true, test: { name: 'slow', include: SLOW, environment: 'node' } },
      // They start servers, wait for disks, and measure how long they are kept waiting.
      {
        extends: true,
        test: {
          name: 'stores',
          include: ['test/stores/**/*.test.ts'],
          exclude: WITHOUT,
          environment: 'node',
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: { name: 'jsdom', include: ['test/**/*.dom.test.{ts,tsx}'], environment: 'jsdom' },
      },
      {
        extends: true,
        plugins: [productionBuild()],
        test: {
          name: 'production',
          isolate: false,
          include: ['test/client/**/*.test.ts', 'test/simulator/{pinned,seeds,seeds-sessions}.test.ts'],
          // A start in a page of its own; and nothing but sentences, which this build does not say.
          exclude: [
            'test/client/**/*.dom.test.ts',
            'test/client/api/sentences.test.ts',
            ...(script === 'test:production' ? [] : SLOW),
          ],
          env: { BUILD: 'production' },
          globalSetup: 'test/tools/build-production.ts',
          environment: 'node',
        },
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
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
    ],
  },
})
