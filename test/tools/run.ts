/*
 * `npm test`: everything that must hold, step by step. `npm test -- --only unit,lint` runs the steps
 * whose name begins so. The last line is the sum over all tests and checks.
 */
import { parseArgs } from 'node:util'
import { launchOptions, launchOptionsIfAny } from './browsers.ts'
import { packageSteps } from './check-package.ts'
import { provideDatabase } from './databases.ts'
import { pythonWithDjango } from './django.ts'
import { playwright, vitest } from './reports.ts'
import { beside, command, held, runSteps, type Step } from './steps.ts'

/** That of the tests has e2e, demo and bench in it: what they share is read once. */
const projects = ['.', 'src/core', 'test']

const steps: readonly Step[] = [
  ...[
    ...projects.map((folder) => command(`types ${folder}`, 'tsc', '-p', folder)),
    command('lint', 'oxlint', '-c', 'test/oxlintrc.json', '--type-aware', '--deny-warnings'),
    command('format', 'prettier', '--check', '--log-level', 'warn', '.'),
  ].map(beside),
  { name: 'unit', run: () => vitest('--project=!stores') },
  {
    name: 'stores',
    run: async () => {
      const databases = (['postgres', 'pgbouncer', 'redis'] as const).map(provideDatabase).join('\n')
      const outcome = await vitest('--project=stores')
      return { ...outcome, report: [databases, outcome.report ?? []].flat().join('\n') }
    },
  },
  ...packageSteps,
  {
    name: 'browsers',
    run: async () =>
      held(
        `${launchOptions('chromium').executablePath}\n${launchOptionsIfAny('firefox')?.executablePath ?? 'no firefox'}\n${pythonWithDjango() ?? 'no Django'}`,
      ),
  },
  { name: 'e2e', run: () => playwright() },
]

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const wanted = values.only?.split(',') ?? ['']
await runSteps(steps.filter(({ name }) => wanted.some((prefix) => name.startsWith(prefix))))
