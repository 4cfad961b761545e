/* The whole client on the real ports of a page in which something is missing. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createAuthClient } from '../../src/index.js'
import { UNREADABLE } from '../support/stored.js'
import { grant, json, refusal } from '../support/kit.js'

const warnings: string[] = []
beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation((text: string) => void warnings.push(text))
  localStorage.clear()
})
afterEach(() => void warnings.splice(0))

/** A backend of the least kind: nobody is signed in until somebody logs in. */
function backend() {
  const asked: string[] = []
  let count = 0
  const fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { pathname } = new URL(input instanceof Request ? input.url : input, location.href)
    asked.push(pathname)
    if (pathname === '/auth/login') return Promise.resolve(grant(++count))
    if (pathname === '/auth/refresh') return Promise.resolve(count > 0 ? grant(++count) : refusal())
    if (pathname === '/auth/logout') return Promise.resolve(new Response(null, { status: 204 }))
    const headers = input instanceof Request ? input.headers : new Headers(init?.headers)
    return Promise.resolve(json({ authorization: headers.get('authorization') }))
  }
  return { fetch, asked }
}

async function signInAndOut(): Promise<string[]> {
  const { fetch, asked } = backend()
  const auth = createAuthClient({ fetch, development: false, retry: { base: 1, cap: 1 } })
  expect((await auth.ready()).status).toBe('unauthenticated')
  expect((await auth.login({ email: 'ann@example.com' })).status).toBe('authenticated')
  const response = await auth.fetch('/api/orders')
  expect(await response.json()).toEqual({ authorization: 'Bearer token-1' })
  expect((await auth.refresh({ force: true })).status).toBe('authenticated')
  expect(await auth.getAccessToken()).toBe('token-2')
  expect((await auth.logout()).server).toBe('confirmed')
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  auth.dispose()
  return asked
}

const denied = {
  configurable: true,
  get: () => {
    throw new DOMException('denied', 'SecurityError')
  },
}

it('R22 AV-10 without locks, channel and storage one signs in, works and signs out, and is told once what is missing', async () => {
  vi.stubGlobal('BroadcastChannel', undefined)
  const originals = (['localStorage', 'sessionStorage'] as const).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)!] as const,
  )
  try {
    for (const [name] of originals) Object.defineProperty(globalThis, name, denied)
    expect((await signInAndOut()).filter((path) => path === '/auth/refresh')).toHaveLength(2)
  } finally {
    for (const [name, descriptor] of originals) Object.defineProperty(globalThis, name, descriptor)
  }
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatch(/Web Locks .*BroadcastChannel, localStorage/)
})

it('R22 without randomUUID and crypto.subtle, as on plain http, one signs in and out', async () => {
  const { getRandomValues } = crypto
  vi.stubGlobal('crypto', { getRandomValues: getRandomValues.bind(crypto) })
  await signInAndOut()
})

it('R73 a full storage breaks nothing', async () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  await signInAndOut()
})

it('OW-18 rubbish in storage is neither trusted nor a reason to fail', async () => {
  for (let i = 0; i < localStorage.length; i++) localStorage.removeItem(localStorage.key(i)!)
  const { fetch } = backend()
  const probe = createAuthClient({ fetch, key: 'rubbish', development: false })
  await probe.ready()
  probe.dispose()
  const key = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i)!).find((name) =>
    name.includes('rubbish'),
  )!
  for (const text of UNREADABLE) {
    localStorage.setItem(key, text)
    const auth = createAuthClient({ fetch, key: 'rubbish', development: false })
    expect((await auth.ready()).status).toBe('unauthenticated')
    auth.dispose()
  }
})

it('BBA-01 a signed-in page leaves no token in storage, cookie, URL or the object', async () => {
  const { fetch } = backend()
  const auth = createAuthClient({ fetch, development: false })
  await auth.login({ email: 'ann@example.com' })
  const token = await auth.getAccessToken()
  const places = [
    JSON.stringify(Object.entries(localStorage)),
    JSON.stringify(Object.entries(sessionStorage)),
    document.cookie,
    location.href,
    JSON.stringify(auth),
    JSON.stringify(auth.getState()),
    JSON.stringify(auth.getDiagnostics()),
  ]
  for (const place of places) expect(place).not.toContain(token)
  auth.dispose()
})
