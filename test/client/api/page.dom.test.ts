import { expect, it, vi } from 'vitest'
import { createAuthClient } from 'latchkey'
import { grant, json, refusal } from '../../support/kit.js'
import { outcome } from '../../support/client.js'

it('R97 R22 in a page without locks everything works, and no service worker is looked for or touched', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  const touched: string[] = []
  for (const name of ['serviceWorker', 'storage', 'credentials']) {
    Object.defineProperty(navigator, name, {
      configurable: true,
      get: () => {
        touched.push(name)
        throw new DOMException('The operation is insecure.', 'SecurityError')
      },
    })
  }
  let signedIn = false
  const fetch = vi.fn<typeof globalThis.fetch>(async (input, init) => {
    const request = new Request(input instanceof Request ? input : new URL(input, location.href), init)
    switch (new URL(request.url).pathname) {
      case '/auth/login':
        signedIn = true
        return grant(1)
      case '/auth/refresh':
        return signedIn ? grant(2) : refusal()
      case '/auth/logout':
        signedIn = false
        return new Response(null, { status: 204 })
      default:
        return json(request.headers.get('authorization'))
    }
  })
  const auth = createAuthClient({ fetch, development: false })
  expect(await auth.ready()).toMatchObject({ status: 'unauthenticated' })
  await auth.login({})
  expect(await (await auth.fetch('/api/orders')).json()).toBe('Bearer token-1')
  auth.dispose()
  const next = createAuthClient({ fetch })
  expect(await next.ready()).toMatchObject({ status: 'authenticated' })
  dispatchEvent(new Event('online'))
  dispatchEvent(new Event('focus'))
  expect(await next.logout()).toEqual({ server: 'confirmed', durable: true })
  expect(await outcome(next.getAccessToken())).toBe('login_required')
  next.dispose()
  expect(touched).toEqual([])
})
