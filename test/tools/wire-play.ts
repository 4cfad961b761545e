import type { BackendOptions } from '../../src/testing/backend/options.ts'
import {
  ADA,
  createTestBackend,
  DAY,
  ORIGIN,
  REFRESH,
  SID,
  type Browser,
  type Init,
  type TestBackend,
} from '../server/support.ts'
import { createStage } from '../server/providers-support.ts'
import type { Contract } from './contract.ts'

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
        const isGrant = status === 200 && ['/auth/login', '/auth/refresh'].includes(path)
        const isNative = new Headers(init?.headers as HeadersInit).has('x-client')
        // What a document cannot say: which of the two it is.
        if (isGrant && headers.has('set-cookie') === isNative)
          faults.push(`${path} has a cookie, or lacks one`)
        if (isGrant && text.includes('"refresh_token"') !== isNative)
          faults.push(`${path} gives the refresh token to somebody else`)
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

/** Everything that may be asked, in both modes and between them; what the answers have against the document. */
export async function play(contract: Contract): Promise<string[]> {
  const faults: string[] = []
  const open = createOpen(contract, faults)
  await tokenMode(open)
  await sessionMode(open)
  await migration(open)
  await native(open)
  await providers(contract, faults)
  return faults
}

/** A sign-in at a provider, which the reference backend has at an address of its own. */
async function providers(contract: Contract, faults: string[]): Promise<void> {
  const { auth, google, browser } = createStage()
  const person = browser()
  const hold = async (url: URL | string, init?: Parameters<typeof person.go>[1]): Promise<Response> => {
    return check(url, await person.go(url, init))
  }
  const check = async (url: URL | string, answer: Response): Promise<Response> => {
    const { status, headers } = answer
    const text = await answer.clone().text()
    const isPage = headers.get('content-type')?.startsWith('text/html') === true
    if (isPage) headers.set('content-type', 'text/html')
    const body: unknown = text === '' || isPage ? text || undefined : JSON.parse(text)
    const path = new URL(url, ORIGIN).pathname
    faults.push(...contract.faultsOf({ method: 'GET', path, status, headers, body }))
    return answer
  }
  const START = '/auth/start?provider=google'
  await hold(START, { headers: { 'sec-fetch-dest': 'iframe' } })
  await hold(START, { headers: { 'sec-purpose': 'prefetch' } })
  await hold(START.replace('google', 'nowhere'))
  await hold(`${START}&return_to=%2F%2Fevil.test`)
  // Followed it is by itself, so it is asked for by itself.
  const headers = { 'sec-fetch-site': 'cross-site' }
  for (const url of ['/auth/start?provider=apple', '/auth/callback/google'])
    await check(url, await auth.handle(new Request(new URL(url, ORIGIN), { headers })))
  await hold('/auth/callback/google')
  const callback = google.answer(await hold(START), 'ada')
  await hold(callback)
  await hold(callback)
  await hold(google.answer(await hold(START), 'nobody we know'))
  const later = google.answer(await hold(START), 'ada')
  google.fail(new Error('away'))
  await hold(START)
  await hold(later)
}

async function tokenMode(open: Open): Promise<void> {
  const page = await open({ signer: 'ES256', graceGenerations: 1, throttle: { perAccount: 2 } })
  const { backend, browser, send } = page
  await send('GET', '/auth/session')
  await send('GET', '/auth/sessions')
  await send('GET', '/auth/csrf')
  await send('GET', '/.well-known/jwks.json')
  await mistakes(page, ['/auth/login', '/auth/refresh', '/auth/logout'])
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
  const { backend, send } = await open({ mode: 'session' })
  await send('POST', '/auth/login', { body: ADA })
  for (const prefer of ['token', 'session'] as const) {
    backend.admin.setMode('both', prefer)
    await send('GET', '/auth/session')
    await send('POST', '/auth/refresh')
    await send('GET', '/auth/session')
  }
  await send('POST', '/auth/login', { body: ADA })
}

/** What an app on a phone sends: nothing that only browsers do. */
const PHONE = { 'x-client': 'native', origin: undefined, 'sec-fetch-site': undefined, 'x-csrf': undefined }

async function native(open: Open): Promise<void> {
  const { send } = await open({ nativeClients: true })
  const ask = async (path: string, body: object): Promise<Record<string, string> | undefined> =>
    send('POST', path, { body, headers: { ...PHONE, cookie: undefined } })
  const first = await ask('/auth/login', ADA)
  const second = await ask('/auth/refresh', { refresh_token: first?.['refresh_token'] })
  const third = await ask('/auth/login', { ...ADA, refresh_token: second?.['refresh_token'] })
  await ask('/auth/logout', { refresh_token: third?.['refresh_token'] })
  await ask('/auth/refresh', { refresh_token: third?.['refresh_token'] })
  await send('POST', '/auth/login', { body: ADA, headers: { 'x-client': 'native' } })
}
