import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import type { BackendOptions } from '../../src/testing/backend/options.ts'
import { ENDPOINTS } from '../../src/testing/backend/exchange.ts'
import {
  ADA,
  createTestBackend,
  DAY,
  REFRESH,
  SID,
  type Browser,
  type Init,
  type TestBackend,
} from '../backend/support.ts'
import { createContract, type Contract } from '../tools/contract.ts'
import { ROOT } from '../tools/files.ts'

const TEXT = readFileSync(join(ROOT, 'docs/openapi.yaml'), 'utf8')
const DOCUMENT = parse(TEXT) as Record<string, unknown>

interface Page {
  readonly backend: TestBackend
  readonly browser: Browser
  send(method: string, path: string, init?: Init): Promise<Record<string, string> | undefined>
}

type Open = (options?: BackendOptions) => Promise<Page>

/** Opens browsers whose every answer is held against the document. */
function createOpen(contract: Contract, faults: string[]): Open {
  return async (options) => {
    const backend = await createTestBackend(options)
    const browser = backend.browser()
    return {
      backend,
      browser,
      async send(method, path, init) {
        const answer = await browser.send(method, path, init)
        const { status, headers } = answer
        const text = await answer.text()
        const body: unknown = text === '' ? undefined : JSON.parse(text)
        faults.push(...contract.faultsOf({ method, path: path.split('?')[0] ?? '', status, headers, body }))
        return body as Record<string, string> | undefined
      },
    }
  }
}

const FORM: Init = { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
const BARE: Init = { headers: { 'x-csrf': undefined } }

/** What goes wrong at an endpoint in either mode. */
async function mistakes({ send }: Page, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await send('POST', path, FORM)
    await send('POST', path, { body: '[', headers: { 'content-type': 'application/json' } })
    await send('POST', path, BARE)
    await send('POST', path, { headers: { 'sec-fetch-site': 'cross-site' } })
  }
}

async function play(contract: Contract): Promise<string[]> {
  const faults: string[] = []
  const open = createOpen(contract, faults)
  await tokenMode(open)
  await sessionMode(open)
  await migration(open)
  return faults
}

async function tokenMode(open: Open): Promise<void> {
  const page = await open({ signer: 'ES256', graceGenerations: 1, throttle: { perAccount: 2 } })
  const { backend, browser, send } = page
  await send('GET', '/auth/session')
  await send('GET', '/auth/sessions')
  await send('GET', '/auth/csrf')
  await send('GET', '/.well-known/jwks.json')
  await mistakes(page, ['/auth/login', '/auth/refresh', '/auth/logout'])
  await send('GET', '/auth/start?return_to=%2F%2Fevil.test')
  await send('GET', '/auth/start?return_to=%2Forders')
  const first = await send('POST', '/auth/login', { body: ADA })
  const token = first?.['access_token']
  await send('GET', '/.well-known/jwks.json')
  await send('GET', '/auth/session')
  await send('GET', '/auth/sessions', { token })
  await send('PUT', '/api/profile', { token, body: { name: 'Countess' } })
  await send('PUT', '/api/profile', { token, body: { name: '' } })
  await send('PUT', '/api/profile', { token, ...FORM })
  await send('PUT', '/api/profile', { token: 'x', body: { name: 'x' } })
  await send('DELETE', '/auth/sessions/none', { token })
  await send('DELETE', '/auth/sessions/none')
  await send('DELETE', '/auth/sessions/none', { token, ...BARE })
  const spent = `${REFRESH}=${browser.cookie()}`
  for (let i = 0; i < 2; i++) await send('POST', '/auth/refresh', { body: { background: true } })
  await send('POST', '/auth/refresh', { headers: { cookie: spent } })
  await send('POST', '/auth/refresh', { headers: { cookie: spent } })
  await send('POST', '/auth/login', { body: { ...ADA, password: 'x' } })
  await send('POST', '/auth/login', { body: { ...ADA, email: 'nobody@example.com' } })
  await send('POST', '/auth/login', { body: { email: 7 } })
  await send('POST', '/auth/login', { body: ADA })
  await send('DELETE', `/auth/sessions/${(await backend.admin.listSessions())[0]?.id}`, { token })
  for (let i = 0; i < 3; i++) await send('POST', '/auth/login', { body: { ...ADA, password: 'x' } })
  await send('POST', '/auth/logout', { body: { scope: 'nobody' } })
  await backend.admin.ban('ada')
  backend.time.advance(DAY)
  await send('GET', '/auth/session')
  await send('POST', '/auth/login', { body: ADA })
  const racing = await open({ onRace: 'refuse' })
  await racing.send('POST', '/auth/login', { body: ADA })
  const raced = { headers: { cookie: `${REFRESH}=${racing.browser.cookie()}` } }
  for (let i = 0; i < 2; i++) await racing.send('POST', '/auth/refresh', raced)
  await racing.send('POST', '/auth/logout')
}

async function sessionMode(open: Open): Promise<void> {
  const page = await open({
    mode: 'session',
    csrf: { delivery: ['answer', 'cookie', 'endpoint'], login: true },
  })
  const { backend, browser, send } = page
  await send('GET', '/auth/session')
  await send('GET', '/auth/sessions')
  await send('POST', '/auth/login', { body: ADA })
  await send('POST', '/auth/refresh')
  const signIn = async (): Promise<Record<string, string>> => {
    const token = (await send('GET', '/auth/csrf'))?.['csrf_token']
    const grant = await send('POST', '/auth/login', { body: ADA, headers: { 'x-csrf-token': token } })
    return { csrf: grant?.['csrf_token'] ?? '', id: grant?.['session_id'] ?? '' }
  }
  const { csrf, id = '' } = await signIn()
  await send('GET', '/auth/csrf')
  await send('GET', '/auth/session')
  await send('GET', '/auth/sessions')
  await send('GET', '/auth/sessions', { headers: { 'x-session-id': 'other' } })
  const headers = { 'x-csrf-token': csrf }
  await send('PUT', '/api/profile', { body: { name: 'Countess' }, headers })
  await send('PUT', '/api/profile', { body: { name: 'x' } })
  await send('PUT', '/api/profile', { body: { name: 'x' }, headers: { ...headers, 'x-session-id': 'other' } })
  await send('DELETE', '/auth/sessions/none', { headers: { ...headers, 'x-session-id': 'other' } })
  await send('POST', '/auth/logout', { body: { session_id: id } })
  await send('POST', '/auth/logout', { body: { session_id: id }, headers })
  await send('PUT', '/api/profile', { body: { name: 'x' } })
  const second = await signIn()
  await send('DELETE', `/auth/sessions/${second['id']}`, { headers: { 'x-csrf-token': second['csrf'] } })
  await signIn()
  await backend.admin.ban('ada')
  const cookie = `${SID}=${browser.cookie(SID)}`
  for (const path of ['/auth/sessions', '/auth/csrf', '/auth/session']) {
    await send('GET', path, { headers: { cookie } })
  }
}

async function migration(open: Open): Promise<void> {
  const { backend, browser, send } = await open({ mode: 'session' })
  await send('POST', '/auth/login', { body: ADA })
  for (const prefer of ['token', 'session'] as const) {
    backend.admin.setMode('both', prefer)
    await send('GET', '/auth/session')
    await send('POST', '/auth/refresh')
    await send('GET', '/auth/session')
  }
  expect(browser.cookie(SID)).toBeDefined()
  await send('POST', '/auth/login', { body: ADA })
}

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
