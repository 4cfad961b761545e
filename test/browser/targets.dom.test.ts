/* Where requests go, on a page whose surroundings another site has had a hand in. */
import { afterEach, expect, it, vi } from 'vitest'
import { createAuthClient } from '../../src/index.js'
import { ANN, grant, json } from '../support/kit.js'

const EVIL = 'https://evil.example'

afterEach(() => {
  history.replaceState(null, '', '/')
  window.name = ''
})

it('OW-14 address, referrer, window.name and messages decide neither where a request goes nor how', async () => {
  const hostile = { baseUrl: EVIL, endpoints: { refresh: `${EVIL}/take` }, method: 'DELETE' }
  const text = JSON.stringify(hostile)
  history.replaceState(hostile, '', `/x?baseUrl=${EVIL}&refresh=${EVIL}&return_to=${EVIL}#access_token=x`)
  window.name = text
  vi.spyOn(document, 'referrer', 'get').mockReturnValue(`${EVIL}/?baseUrl=${EVIL}`)

  const sent: string[] = []
  const fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { method, url: href } = input instanceof Request ? input : { method: init?.method, url: input }
    const url = new URL(href, location.href)
    sent.push(`${method ?? 'GET'} ${url.href}`)
    if (url.pathname === '/auth/session') return Promise.resolve(json({ user: ANN, mode: 'token' }))
    return Promise.resolve(url.pathname.startsWith('/auth/refresh') ? grant(1) : new Response('{}'))
  }
  const auth = createAuthClient({ fetch, development: false })
  for (const data of [hostile, text]) {
    window.dispatchEvent(new MessageEvent('message', { data, origin: EVIL }))
    window.dispatchEvent(new StorageEvent('storage', { key: 'latchkey', newValue: text }))
  }
  await auth.ready()
  await auth.fetch('/api/orders')
  await auth.logout()
  auth.dispose()
  const { origin } = location
  expect(sent).toEqual([
    `GET ${origin}/auth/session`,
    `POST ${origin}/auth/refresh`,
    `GET ${origin}/api/orders`,
    `POST ${origin}/auth/logout`,
  ])
})
