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
  ['an import of the marker', `import { parseMarker } from '../../src/core/marker.js'`, 'src/core/marker.js'],
  [
    'an import of a message’s type',
    `import type { Message } from '../../src/core/messages.js'`,
    'src/core/messages.js',
  ],
  [
    'a marker that is written',
    'set(key, JSON.stringify({ ...marker, epoch: [1, "x"] }))',
    'the member epoch',
  ],
  ['a marker that is read', 'const { epoch } = JSON.parse(text)', 'the member epoch'],
  ['a member that is read by its name', `expect(marker['epoch']).toEqual([])`, 'the member epoch'],
  ['a row of what is owed', `storage.delete(key + ':owed:s1')`, 'the text :owed:'],
  ['a marker as text', `set(key, '{"state":"in"}')`, 'the text "state":'],
  ['the key of a marker', `localStorage.getItem('latchkey:shop')`, 'the text latchkey:'],
  ['the key of a marker, put together', 'localStorage.getItem(`latchkey:${key}`)', 'the text latchkey:'],
  ['a message that is said', `hub.say({ type: 'out' })`, 'the message out'],
  ['a message that is looked for', `hub.said.find(({ type }) => type === 'in')`, 'the message in'],
  ['messages that were said', `expect(types).toEqual(['ask'])`, 'the message ask'],
])('%s is a fault', (_name, text, what) => {
  expect(formFaults(new Map([['test/client/a.test.ts', text]]), [])).toEqual([
    `test/client/a.test.ts knows ${what}`,
  ])
})

it('who is allowed and knows nothing of it is a fault', () => {
  const files = new Map([['test/client/a.test.ts', `const epoch = 1; const out = 'out'`]])
  expect(formFaults(files, ['test/client/a.test.ts'])).toEqual(['test/client/a.test.ts need not be allowed'])
})
