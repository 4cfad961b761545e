import { expect, it } from 'vitest'
import { readFiles } from '../tools/files.ts'
import { formFaults } from '../tools/forms.ts'

it('no test but those of the register knows how a sign-in is stored, or told to other tabs', () => {
  const files = readFiles([
    'test/{browser,client,core,demo,guides,msw,react,simulator,support,testing}/**/*.{ts,tsx}',
    'e2e/**/*.ts',
  ])
  expect(formFaults(files)).toEqual([])
})

it.each([
  [
    'an import of the register',
    `import { readRegister } from '../../src/core/register.js'`,
    'src/core/register.js',
  ],
  [
    'an import of the type of what tabs say',
    `import type { News } from '../../src/core/news.js'`,
    'src/core/news.js',
  ],
  ['an import of the rows', `import { parseDebt } from '../../src/core/debts.js'`, 'src/core/debts.js'],
  [
    'a register that is written',
    'set(key, JSON.stringify({ ...known, epoch: [1, "x"] }))',
    'the member epoch',
  ],
  ['a register that is read', 'const { epoch } = JSON.parse(text)', 'the member epoch'],
  ['a member that is read by its name', `expect(known['epoch']).toEqual([])`, 'the member epoch'],
  ['a row of what is owed', `storage.delete(key + ':owed:s1')`, 'the text :owed'],
  ['a register as text', `set(key, '{"state":"in"}')`, 'the text "state":'],
  ['the name that all keys begin with', `localStorage.getItem('latchkey:shop')`, 'the text latchkey:'],
  ['that name, put together', 'localStorage.getItem(`latchkey:${key}`)', 'the text latchkey:'],
  ['the key of the register', "storage.get(name + ':register')", 'the text :register'],
  ['news that are said', 'hub.say({ v: 2, from, register: known, ask: true })', 'the member register'],
  ['news that are looked for', `hub.said.find((news) => news['register'])`, 'the member register'],
  ['news that are taken apart', 'const [{ register }] = hub.said', 'the member register'],
])('%s is a fault', (_name, text, what) => {
  expect(formFaults(new Map([['test/client/a.test.ts', text]]), [])).toEqual([
    `test/client/a.test.ts knows ${what}`,
  ])
})

it('a method of that name is none of it', () => {
  const files = new Map([['test/client/a.test.ts', `navigator.serviceWorker.register('/sw.js')`]])
  expect(formFaults(files, [])).toEqual([])
})

it('who is allowed and knows nothing of it is a fault', () => {
  const files = new Map([['test/client/a.test.ts', `const epoch = 1; const out = 'out'`]])
  expect(formFaults(files, ['test/client/a.test.ts'])).toEqual(['test/client/a.test.ts need not be allowed'])
})
