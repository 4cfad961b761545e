import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { ENDPOINTS } from '../../src/testing/backend/endpoints.ts'
import { createContract } from '../tools/contract.ts'
import { ROOT } from '../tools/files.ts'
import { play } from '../tools/wire-play.ts'

const TEXT = readFileSync(join(ROOT, 'docs/openapi.yaml'), 'utf8')
const DOCUMENT = parse(TEXT) as Record<string, unknown>

it('docs/openapi.yaml is a valid OpenAPI 3.1 document', async () => {
  const validator = new Validator()
  expect(await validator.validate(DOCUMENT)).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

it('every answer of the reference backend is in the document, and every answer of the document happens', async () => {
  const contract = createContract(DOCUMENT)
  expect(await play(contract)).toEqual([])
  expect(contract.unseen()).toEqual([])
})

it('every endpoint a client calls is in the document', () => {
  const documented = Object.keys(DOCUMENT['paths'] as object)
  const outside = ['callback', 'provider', 'style', 'orders', 'users']
  for (const [name, path] of Object.entries(ENDPOINTS)) {
    if (!outside.includes(name)) expect(documented).toContain(path)
  }
})

it.each<[string, (document: string) => string, string]>([
  [
    'a member that is not named',
    (text) => text.replace('user_agent:', 'agent:'),
    'must NOT have additional properties',
  ],
  [
    'a member that is missing',
    (text) =>
      text.replace('required: [mode, user, session_id]', 'required: [mode, user, session_id, csrf_token]'),
    "must have required property 'csrf_token'",
  ],
  [
    'a code that is not listed',
    (text) => text.replaceAll('idle_timeout, refresh_reused, ', ''),
    'must be equal to one of the allowed values',
  ],
  [
    'a status that is not listed',
    (text) => text.replace("        '429':", "        '428':"),
    'POST /auth/login 429 is not in the document',
  ],
  [
    'a header that is not named',
    (text) => text.replaceAll('Retry-After', 'X-Wait'),
    'has the header retry-after',
  ],
])('%s in an answer is a fault', async (_name, change, fault) => {
  const changed = change(TEXT)
  expect(changed).not.toBe(TEXT)
  expect(await play(createContract(parse(changed)))).toContainEqual(expect.stringContaining(fault))
})
