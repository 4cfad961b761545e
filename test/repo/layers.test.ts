import { expect, it } from 'vitest'
import { readFiles, ROOT } from '../tools/files.ts'
import { layerFaults } from '../tools/layers.ts'

const faultsOf = (files: Record<string, string>): string[] => layerFaults(new Map(Object.entries(files)))

it('every file of src imports only the layers below it and the packages of its layer', () => {
  const files = readFiles(['**/*.{ts,tsx}'], `${ROOT}/src`)
  expect(files.size).toBeGreaterThan(0)
  expect(layerFaults(files)).toEqual([])
})

it('a tree that keeps the direction has no fault', () => {
  expect(
    faultsOf({
      'core/machine.ts': `import type { State } from './state.js'`,
      'core/state.ts':
        'export interface State { readonly performance: number; readonly Date: 1 }; Math.max(1, 2)',
      'errors.ts': `import type { Code } from './core/state.js'`,
      'browser/channel.ts': `export const load = () => import('broadcast-channel')`,
      'wire/claims.ts': `import { decodeJwt } from 'jose'`,
      'client.ts': `import { run } from './runtime.js'\nimport { ports } from './browser/ports.js'`,
      'index.ts': `export { createAuthClient } from './client.js'`,
      'ky.ts': `import ky from 'ky'\nimport type { AuthClient } from './index.js'`,
      'server/index.ts': `import { Hono } from 'hono/tiny'`,
      'testing/index.ts': `import { http } from 'msw'\nimport type { Store } from '../server/store.js'`,
    }),
  ).toEqual([])
})

it.each([
  [
    'an import of a sibling layer',
    'core/a.ts',
    `import { x } from '../browser/x.js'`,
    'core imports browser',
  ],
  ['a side-effect import', 'core/a.ts', `import '../browser/x.js'`, 'core imports browser'],
  ['a dynamic import', 'core/a.ts', `const m = import('../browser/x.js')`, 'core imports browser'],
  [
    'a dynamic import in a function',
    'core/a.ts',
    `export const f = () => import('../store.js')`,
    'core imports store',
  ],
  ['a re-export', 'core/a.ts', `export { x } from '../errors.js'`, 'core imports errors'],
  ['a re-export of everything', 'core/a.ts', `export * from '../errors.js'`, 'core imports errors'],
  ['a type import', 'core/a.ts', `import type { X } from '../acts/x.js'`, 'core imports acts'],
  ['an import type', 'core/a.ts', `export type X = import('../client.js').X`, 'core imports client'],
  ['an import equals', 'core/a.ts', `import x = require('../client.js')`, 'core imports client'],
  ['a require', 'core/a.ts', `const x = require('../client.js')`, 'core imports client'],
  ['a computed import', 'core/a.ts', 'export const f = (n: string) => import(n)', 'imports the package'],
  ['browser above itself', 'browser/a.ts', `import { c } from '../client.js'`, 'browser imports client'],
  ['browser in an act', 'acts/a.ts', `import { c } from '../browser/c.js'`, 'acts imports browser'],
  ['an entry at the acts', 'index.ts', `export { r } from './acts/r.js'`, 'index imports acts'],
  ['react at the acts', 'react/a.ts', `import { r } from '../acts/r.js'`, 'react imports acts'],
  ['testing at browser', 'testing/a.ts', `import { b } from '../browser/b.js'`, 'testing imports browser'],
  ['ky at the acts', 'ky.ts', `import { b } from './acts/b.js'`, 'ky imports acts'],
  ['a file in no layer', 'helpers.ts', '', 'helpers.ts: is in no layer'],
  ['a folder in no layer', 'utils/a.ts', '', 'utils/a.ts: is in no layer'],
  ['an import without extension', 'core/a.ts', `import { x } from './b'`, './b does not end in .js'],
  ['an import of the source', 'core/a.ts', `import { x } from './b.ts'`, './b.ts does not end in .js'],
  ['jose in core', 'core/a.ts', `import { decodeJwt } from 'jose'`, 'core imports the package jose'],
  ['jose in browser', 'browser/a.ts', `import { decodeJwt } from 'jose'`, 'browser imports the package jose'],
  ['ky in the client', 'client.ts', `import ky from 'ky'`, 'client imports the package ky'],
  ['msw in an act', 'acts/a.ts', `import { http } from 'msw'`, 'acts imports the package msw'],
  ['a package nobody allowed', 'acts/a.ts', `import _ from 'lodash'`, 'acts imports the package lodash'],
  ['node in src', 'acts/a.ts', `import 'node:fs'`, 'acts imports the package node:fs'],
  ['a greedy polyfill', 'browser/a.ts', `import 'broadcast-channel'`, 'imports broadcast-channel at once'],
  ['the clock in core', 'core/a.ts', 'export const now = () => Date.now()', 'core reads Date'],
  ['a date in core', 'core/a.ts', 'export const now = new Date()', 'core reads Date'],
  ['an alias of the clock', 'core/a.ts', 'const { now } = Date', 'core reads Date'],
  ['the shorthand of the clock', 'core/a.ts', 'const o = { performance }', 'core reads performance'],
  ['chance in core', 'core/a.ts', 'export const r = () => Math.random()', 'core reads Math.random'],
  ['a timer in core', 'core/a.ts', 'setTimeout(() => 1, 1)', 'core reads setTimeout'],
])('%s is a fault', (_name, path, text, fault) => {
  expect(faultsOf({ [path]: text })).toEqual([expect.stringContaining(fault)])
})
