import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { ROOT } from './files.ts'

/** What a step found out. A step that throws has failed once, and its error says why. */
export interface Outcome {
  readonly passed: number
  readonly failed: number
  /** Printed below the line of the step. */
  readonly report?: string
}

export interface Step {
  readonly name: string
  /** It keeps one core busy and touches nothing of its neighbours: two such steps in a row run at once. */
  readonly beside?: boolean
  run(): Promise<Outcome>
}

/** The outcome of a check that either holds or throws. */
export function held(report?: string): Outcome {
  return { passed: 1, failed: 0, ...(report === undefined ? {} : { report }) }
}

export interface Ran {
  readonly status: number
  readonly stdout: string
  /** Both streams, as they came. */
  readonly output: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  readonly timeoutSeconds?: number
}

/** Runs a command with the tools of this repository first in PATH, and gives what it printed. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { cwd = ROOT, env = {}, timeoutSeconds = 300 } = options
  const PATH = [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env, PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutSeconds * 1000,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (signal !== null) output += `\n${command} was ended by ${signal}; it had ${timeoutSeconds} s`
      resolve({ status: code ?? 1, stdout, output })
    })
  })
}

/** As `run`, for a command that must succeed. */
export async function mustRun(command: string, args: readonly string[], options?: RunOptions): Promise<Ran> {
  const ran = await run(command, args, options)
  if (ran.status !== 0) throw new Error(`${[command, ...args].join(' ')}\n${ran.output.trim()}`)
  return ran
}

/** A step that is one command, which must succeed. */
export function command(name: string, program: string, ...args: string[]): Step {
  return { name, run: async () => (await mustRun(program, args), held()) }
}

export const beside = (step: Step): Step => ({ ...step, beside: true })

/** Runs all steps in their order, says how each went, and ends with the line `N passed, N failed`. */
export async function runSteps(steps: readonly Step[]): Promise<void> {
  let passed = 0
  let failed = 0
  const begun: Promise<() => void>[] = []
  for (const [at, step] of steps.entries()) {
    begun.push(play(step))
    // The ones before it are told first, and at most one more is on its way.
    const rest = step.beside === true && steps[at + 1]?.beside === true ? 1 : 0
    while (begun.length > rest) (await begun.shift())?.()
  }
  console.log(`\n${passed} passed, ${failed} failed`)
  process.exitCode = passed > 0 && failed === 0 ? 0 : 1

  /** Gives what says how it went. */
  async function play(step: Step): Promise<() => void> {
    const start = performance.now()
    let outcome: Outcome
    try {
      outcome = await step.run()
    } catch (error) {
      outcome = { passed: 0, failed: 1, report: error instanceof Error ? error.message : String(error) }
    }
    // A step that checked nothing has not passed.
    if (outcome.passed + outcome.failed === 0)
      outcome = { passed: 0, failed: 1, report: 'nothing was checked' }
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    const count =
      outcome.passed + outcome.failed === 1 ? '' : ` (${outcome.passed} passed, ${outcome.failed} failed)`
    return () => {
      passed += outcome.passed
      failed += outcome.failed
      console.log(`${outcome.failed === 0 ? 'ok  ' : 'FAIL'} ${step.name}${count} ${seconds} s`)
      if (outcome.report !== undefined) console.log(outcome.report.trimEnd().replace(/^/gm, '     '))
    }
  }
}
