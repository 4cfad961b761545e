/* Reads the JSON reports of the test runners, so that the sum at the end counts tests and not commands. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Outcome, run, type RunOptions } from './steps.ts'

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numFailedTestSuites: number
  readonly numPendingTests: number
  readonly numTodoTests: number
}

interface PlaywrightReport {
  readonly stats: {
    readonly expected: number
    readonly unexpected: number
    readonly flaky: number
    readonly skipped: number
  }
  readonly suites: readonly PlaywrightSuite[]
}

interface PlaywrightSuite {
  readonly suites?: readonly PlaywrightSuite[]
  readonly specs: ReadonlyArray<{
    readonly title: string
    readonly tests: ReadonlyArray<{
      readonly status: 'expected' | 'unexpected' | 'flaky' | 'skipped'
      readonly results: ReadonlyArray<{ readonly error?: { readonly message?: string } }>
    }>
  }>
}

async function runWithReport<T>(
  command: string,
  args: (file: string) => readonly string[],
  options: (file: string) => RunOptions,
): Promise<{ report: T | undefined; status: number; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-report-'))
  const file = join(folder, 'report.json')
  try {
    const { status, output } = await run(command, args(file), options(file))
    const report = await readFile(file, 'utf8').then(
      (text) => JSON.parse(text) as T,
      () => undefined,
    )
    return { report, status, output }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A runner that ended badly without a failed test (a crash, an error outside of the tests) has failed once. */
function outcome(status: number, passed: number, failed: number, output: string): Outcome {
  if (status === 0 && failed === 0) return { passed, failed }
  return { passed, failed: Math.max(failed, 1), report: output }
}

export async function vitest(...args: string[]): Promise<Outcome> {
  const { report, status, output } = await runWithReport<VitestReport>(
    'vitest',
    (file) => [
      'run',
      '-c',
      'test/vitest.config.ts',
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...args,
    ],
    () => ({ env: { NO_COLOR: '1' }, timeoutSeconds: 600 }),
  )
  if (report === undefined) return outcome(status || 1, 0, 1, output)
  const left = report.numPendingTests + report.numTodoTests
  const failed = Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0) + left
  return outcome(
    status,
    report.numPassedTests,
    failed,
    left > 0 ? `${output}\n${left} tests were skipped` : output,
  )
}

export async function playwright(...args: string[]): Promise<Outcome> {
  const { report, status, output } = await runWithReport<PlaywrightReport>(
    'playwright',
    // Dots, so that what failed is not lost among what passed where an output is cut.
    () => ['test', '-c', 'e2e/playwright.config.ts', '--reporter=dot,json', ...args],
    (file) => ({ env: { PLAYWRIGHT_JSON_OUTPUT_FILE: file, NO_COLOR: '1' }, timeoutSeconds: 1200 }),
  )
  if (report === undefined) return outcome(status || 1, 0, 1, output)
  const { expected, unexpected, flaky, skipped } = report.stats
  const found = outcome(status, expected + flaky, unexpected + skipped, output)
  if (skipped > 0) return { ...found, report: `${output}\n${skipped} tests were skipped` }
  return found.failed > 0 || flaky === 0 ? found : { ...found, report: flakes(report.suites).join('\n') }
}

/** What failed at first and passed when it was tried again is not hidden. */
function flakes(suites: readonly PlaywrightSuite[]): string[] {
  return suites.flatMap(({ suites: inner = [], specs }) => [
    ...specs.flatMap(({ title, tests }) =>
      tests
        .filter(({ status }) => status === 'flaky')
        .map(({ results }) => `passed at the second try only: ${title}\n${results[0]?.error?.message ?? ''}`),
    ),
    ...flakes(inner),
  ])
}
