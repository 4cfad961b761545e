import { version as react } from 'react'
import { version as dom } from 'react-dom'
import { expect, it } from 'vitest'

it('R76 R77 R78 R79 R80 R81 all tests of React run with the newest one and with the oldest that is allowed', () => {
  const expected = process.env['OLDEST_REACT'] ?? expect.stringMatching(/^19\./)
  expect([react, dom]).toEqual([expected, expected])
})
