import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bundle } from '../tools/bundle.ts'
import { ROOT } from '../tools/files.ts'
import { PRODUCTION } from '../tools/production.ts'
import { claimedSizes, claimFaults } from '../tools/package-rules.ts'

const ENTRIES = {
  latchkey: 'index.ts',
  'latchkey/jwt': 'jwt/index.ts',
  'latchkey/ky': 'ky.ts',
  'latchkey/oidc': 'oidc/index.ts',
  'latchkey/presets': 'presets.ts',
  'latchkey/react': 'react/index.ts',
  'latchkey/server': 'server/index.ts',
  'latchkey/testing': 'testing/index.ts',
}

const sized = (gzipped: number) => new Map([['latchkey', { now: { minified: 0, gzipped } }]])

it('the README says what each entry costs, and how much of the client loads later', async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const bundles = new Map<string, Awaited<ReturnType<typeof bundle>>>()
  for (const [name, file] of Object.entries(ENTRIES)) {
    bundles.set(
      name,
      await bundle(`export * from './src/${file}'`, ['msw', 'openid-client', 'react'], ROOT, PRODUCTION),
    )
  }
  expect(claimFaults(claimedSizes(readme), bundles)).toEqual([])
  const [, later] = /up to (\d+\.\d) kB more, loaded only where it is needed/.exec(readme) ?? []
  const lazy = new Map([['later', Number(later) * 1000]])
  const loaded = bundles.get('latchkey')!.later
  expect(claimFaults(lazy, new Map([['later', { now: loaded }]]))).toEqual([])
})

it('the sizes of the README are those of all entries of the package', async () => {
  const { exports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { exports: object }
  const names = Object.keys(exports).map((path) => path.replace(/^\./, 'latchkey'))
  expect(names).toEqual([...Object.keys(ENTRIES), 'latchkey/package.json'])
})

it('a size that is out of date, one that is missing, and one of nothing are faults', () => {
  const claims = claimedSizes('| `latchkey` | 22.8 kB | all |\n')
  expect(claimFaults(claims, sized(22_900))).toEqual([])
  expect(claimFaults(claims, sized(23_100))).toEqual([
    'the README says 22.8 kB for latchkey, which is 23100 B',
  ])
  expect(claimFaults(claims, sized(22_500))).toHaveLength(1)
  expect(claimFaults(new Map(), sized(22_800))).toEqual(['the README does not say what latchkey costs'])
  expect(claimFaults(claims, new Map())).toEqual(['the README names latchkey, which is no entry'])
})
