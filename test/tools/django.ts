/*
 * Finds a Python with Django, REST framework and SimpleJWT to test against, and fetches Debian's packages where there is none:
 * by name in the environment, then what the system has, then (as root on Debian) the packages.
 */
import { spawnSync } from 'node:child_process'
import { attempt, isRootOnDebian } from './browsers.ts'

const PACKAGES = ['python3-django', 'python3-djangorestframework', 'python3-djangorestframework-simplejwt']
const IMPORTS = 'import django, rest_framework, rest_framework_simplejwt'

/** What finding it needs of a machine. */
export interface Machine {
  readonly named: string | undefined
  readonly isCI: boolean
  /** Whether that Python has all packages. */
  hasAll(python: string): boolean
  /** Whether packages can be fetched. */
  canFetch(): boolean
  /** Fetches them, and gives what went wrong. */
  fetch(): string | undefined
}

const MACHINE: Machine = {
  named: process.env['LATCHKEY_PYTHON'],
  isCI: process.env['CI'] === 'true',
  hasAll: (python) => spawnSync(python, ['-c', IMPORTS]).status === 0,
  canFetch: isRootOnDebian,
  fetch: () =>
    attempt('apt-get', ['update', '-qq'], 120) ??
    attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...PACKAGES], 240),
}

/** Undefined where there is none and none can be fetched. */
export function findPython({ named, isCI, hasAll, canFetch, fetch }: Machine): string | undefined {
  if (named) {
    if (!hasAll(named))
      throw new Error(`LATCHKEY_PYTHON names ${named}, which has no Django to test against.`)
    return named
  }
  // Debian's own first: that is where its packages are.
  const candidates = ['/usr/bin/python3', 'python3']
  const here = candidates.find(hasAll)
  if (here !== undefined || !canFetch()) return here
  console.error('No Django found; fetching it.')
  const failure = fetch()
  const fetched = candidates.find(hasAll)
  // Where it can be fetched, a run that is to show that all holds must not leave it out.
  if (fetched === undefined && isCI) throw new Error(`Found no Django. Tried: ${failure}`)
  return fetched
}

let found: { readonly python: string | undefined } | undefined

/** One that is there when this returns, or undefined with a word about it. May take minutes where it has to be fetched first. */
export function pythonWithDjango(): string | undefined {
  if (found === undefined) {
    found = { python: findPython(MACHINE) }
    if (found.python === undefined) {
      console.error(
        `Django: not run. Install ${PACKAGES.join(', ')}, or name a Python that has them: LATCHKEY_PYTHON=/path/to/python3`,
      )
    }
  }
  return found.python
}
