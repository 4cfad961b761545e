/*
 * Finds a browser to test in, and fetches one where there is none: by name in the environment, then what the system
 * has, then Playwright's own, then its download, then (as root on Debian) the package. So `npm ci && npm test` is enough.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, firefox, type LaunchOptions } from 'playwright'
import { ROOT } from './files.ts'

export type BrowserName = 'chromium' | 'firefox'

interface Source {
  /** Environment variable that names the browser to take. */
  readonly variable: string
  readonly system: readonly string[]
  /** Where Playwright would put its own. */
  own(): string
  readonly debianPackage: string
  /** What launches the browser at that path. */
  options(path: string, own: boolean): LaunchOptions
}

const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const SOURCES: Record<BrowserName, Source> = {
  chromium: {
    variable: 'LATCHKEY_CHROMIUM',
    system: [
      'chromium',
      'google-chrome',
      'google-chrome-stable',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ],
    own: () => chromium.executablePath(),
    debianPackage: 'chromium',
    options: (executablePath) => ({
      executablePath,
      args: CHROMIUM_ARGS,
      // Playwright turns the back/forward cache off; people have it.
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    }),
  },
  firefox: {
    variable: 'LATCHKEY_FIREFOX',
    system: ['firefox-esr', 'firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'],
    own: () => firefox.executablePath(),
    debianPackage: 'firefox-esr',
    // A Firefox that Playwright did not patch is driven over WebDriver BiDi.
    options: (executablePath, own) => (own ? { executablePath } : { executablePath, channel: 'moz-firefox' }),
  },
}

function onPath(name: string): string | undefined {
  const places = name.includes('/')
    ? [name]
    : (process.env['PATH'] ?? '').split(delimiter).map((p) => join(p, name))
  return places.find((place) => existsSync(place))
}

function installed(source: Source): LaunchOptions | undefined {
  for (const name of source.system) {
    const path = onPath(name)
    if (path !== undefined) return source.options(path, false)
  }
  const own = source.own()
  return existsSync(own) ? source.options(own, true) : undefined
}

/** Runs it, and gives what went wrong. */
export function attempt(command: string, args: readonly string[], seconds: number): string | undefined {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: seconds * 1000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status === 0) return undefined
  return `${[command, ...args].join(' ')}: ${error?.message ?? `${stdout}${stderr}`.trim().split('\n').at(-1)}`
}

export function isRootOnDebian(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
}

/** The same, or undefined with a word about it where that browser can neither be found nor fetched. */
export function launchOptionsIfAny(name: BrowserName): LaunchOptions | undefined {
  try {
    return launchOptions(name)
  } catch (error) {
    console.error(`The tests in ${name} do not run here. ${(error as Error).message}`)
    return undefined
  }
}

/**
 * Launch options of a browser that is there when this returns. May take minutes where it has to be fetched first;
 * throws with all that was tried where that fails.
 */
export function launchOptions(name: BrowserName): LaunchOptions {
  const source = SOURCES[name]
  const named = process.env[source.variable]
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`${source.variable} names ${named}, which does not exist.`)
    return source.options(named, false)
  }
  const failures: (string | undefined)[] = []
  const here = installed(source)
  if (here !== undefined) return here

  console.error(`No ${name} found; fetching one.`)
  failures.push(attempt(join(ROOT, 'node_modules/.bin/playwright'), ['install', name], 240))
  if (failures[0] !== undefined && isRootOnDebian()) {
    failures.push(
      attempt('apt-get', ['update', '-qq'], 120) ??
        attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', source.debianPackage], 240),
    )
  }
  const fetched = installed(source)
  if (fetched !== undefined) return fetched
  throw new Error(
    `Found no ${name}. Install one, or name it: ${source.variable}=/path/to/${name}. Tried:\n${failures.filter(Boolean).join('\n')}`,
  )
}
