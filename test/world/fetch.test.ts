import { describe, expect, it } from 'vitest'
import type { Engine } from '../../src/testing/world/engine.js'
import { createCountingWorld } from './support.js'

const ENGINES: Engine[] = ['chromium', 'firefox', 'webkit']

describe('fetch of a virtual page', () => {
  it('attaches cookies when it sends and stores them when the answer arrives', async () => {
    const { world, open, seen, cookie } = createCountingWorld()
    const { post } = await open()
    const first = post()
    await world.advance(1)
    expect([first, cookie(), seen]).toEqual([[], undefined, []])
    await world.advance(100)
    expect([first, cookie()]).toEqual([['ok 1'], '1'])
    post()
    await world.advance(100)
    expect(seen).toEqual(['', '__Host-n=1'])
  })

  it('lets the last arrival win, also when it is the older answer', async () => {
    const { world, open, cookie } = createCountingWorld({ seed: 5 })
    const { post } = await open()
    world.setNetwork({ latencyMs: [1, 400] })
    const arrivals: string[] = []
    for (let count = 0; count < 6; count++) post()
    for (let step = 0; step < 900; step++) {
      await world.advance(1)
      const value = cookie()
      if (value !== undefined && arrivals.at(-1) !== value) arrivals.push(value)
    }
    expect(arrivals).toHaveLength(6)
    expect(arrivals).not.toEqual([...arrivals].sort())
    expect(cookie()).toBe(arrivals.at(-1))
  })

  it.each([
    [false, undefined],
    [true, '1'],
  ])('closing the tab: with keepalive %s the cookie is %s', async (keepalive, kept) => {
    const { world, open, seen, cookie } = createCountingWorld()
    const { tab, post } = await open()
    const log = post({ keepalive })
    await tab.close()
    await world.advance(500)
    expect([seen.length, log, cookie()]).toEqual([1, [], kept])
  })

  it.each([
    [false, 'chromium', undefined],
    [true, 'chromium', '1'],
    [true, 'webkit', '1'],
    [true, 'firefox', undefined],
  ] as const)('aborting: with keepalive %s in %s the cookie is %s', async (keepalive, engine, kept) => {
    const { world, open, seen, cookie } = createCountingWorld({ engine })
    const { post } = await open()
    const controller = new AbortController()
    const log = post({ keepalive, signal: controller.signal })
    await world.advance(1)
    controller.abort()
    await world.advance(500)
    expect([seen.length, log, cookie()]).toEqual([1, ['AbortError'], kept])
  })

  it.each(ENGINES)('in %s a request that was aborted before it began is never sent', async (engine) => {
    const { world, open, seen } = createCountingWorld({ engine })
    const { post } = await open()
    const log = post({ signal: AbortSignal.abort(new DOMException('enough', 'TimeoutError')) })
    await world.advance(500)
    expect([log, seen]).toEqual([['TimeoutError'], []])
  })

  it.each([
    ['of a page that is gone', false, ['/away']],
    ['of a page that is gone, unless it is to outlive it', true, ['/away', '/there']],
  ])('follows no redirect for a request %s', async (_, keepalive, followed) => {
    const paths: string[] = []
    const { world, open } = createCountingWorld({
      server: (request) => {
        const { pathname } = new URL(request.url)
        paths.push(pathname)
        const headers = { location: '/there' }
        return Promise.resolve(new Response(null, pathname === '/away' ? { status: 302, headers } : {}))
      },
    })
    const { page, tab } = await open()
    page.fetch('/away', { keepalive }).catch(() => {})
    await world.advance(1)
    await tab.close()
    await world.advance(500)
    expect(paths).toEqual(followed)
  })

  it('follows no redirect for a request that was aborted', async () => {
    const paths: string[] = []
    const { world, open } = createCountingWorld({
      server: (request) => {
        paths.push(new URL(request.url).pathname)
        return Promise.resolve(new Response(null, { status: 302, headers: { location: '/there' } }))
      },
    })
    const { page } = await open()
    const controller = new AbortController()
    page.fetch('/away', { signal: controller.signal }).catch(() => {})
    await world.advance(1)
    controller.abort()
    await world.advance(500)
    expect(paths).toEqual(['/away'])
  })

  it('stores the cookie of a frozen page, which learns of the answer when it is resumed', async () => {
    const { world, open, cookie } = createCountingWorld()
    const { tab, post } = await open()
    const log = post()
    await world.advance(1)
    await tab.freeze()
    await world.advance(500)
    expect([log, cookie()]).toEqual([[], '1'])
    await tab.resume()
    await world.advance(0)
    expect(log).toEqual(['ok 1'])
  })

  it('goes without cookies where credentials are omitted or the origin is another, and stores none', async () => {
    const { world, open, seen, cookie } = createCountingWorld()
    const { page, post } = await open()
    post({ credentials: 'omit' })
    void page.fetch('https://elsewhere.example/').catch(() => undefined)
    await world.advance(500)
    expect([seen, cookie()]).toEqual([['', ''], undefined])
  })

  it('shows an answer of another origin only where CORS allows it, and stores its cookies all the same', async () => {
    const log: string[] = []
    for (const allow of [{}, { 'access-control-allow-origin': 'https://app.example' }]) {
      const { world, open } = createCountingWorld({
        server: async () =>
          new Response('ok', {
            headers: {
              ...allow,
              'access-control-allow-credentials': 'true',
              'set-cookie': 'a=1; Secure; SameSite=None',
            },
          }),
      })
      const { page } = await open()
      void page.fetch('https://api.example/', { credentials: 'include' }).then(
        () => log.push('shown'),
        (error: unknown) => log.push(String(error)),
      )
      await world.advance(500)
      log.push(world.cookies()[0]?.value ?? 'none')
    }
    expect(log).toEqual(['TypeError: Failed to fetch: CORS', '1', 'shown', '1'])
  })

  it('follows, shows or refuses a redirect, and drops Authorization on the way to another origin', async () => {
    const seen: string[] = []
    const { world, open } = createCountingWorld({
      async server(request) {
        const { pathname } = new URL(request.url)
        seen.push(
          `${request.method} ${request.url} ${request.headers.get('authorization')} ${await request.text()}`,
        )
        if (pathname === '/away')
          return new Response(null, { status: 302, headers: { location: 'https://b.example/x' } })
        return new Response('there', { headers: { 'access-control-allow-origin': '*' } })
      },
    })
    const { page } = await open()
    const log: string[] = []
    for (const redirect of ['follow', 'manual', 'error'] as const) {
      const headers = { authorization: 'Bearer t' }
      page.fetch('/away', { method: 'POST', body: 'b', headers, redirect }).then(
        (response) => log.push(`${response.type} ${response.status} ${response.url} ${response.redirected}`),
        (error: unknown) => log.push(String(error)),
      )
    }
    await world.advance(500)
    expect(log.sort()).toEqual([
      'TypeError: Failed to fetch: redirect',
      'default 200 https://b.example/x true',
      'opaqueredirect 0  false',
    ])
    expect(seen).toContain('POST https://app.example/away Bearer t b')
    expect(seen).toContain('GET https://b.example/x null ')
  })
})

describe('the network', () => {
  it('fails at once where it is down, and breaks what is under way', async () => {
    const { world, open, cookie } = createCountingWorld()
    const { post } = await open()
    const running = post({ keepalive: true })
    await world.advance(1)
    await world.goOffline()
    const late = post()
    await world.advance(10)
    expect([running, late]).toEqual([['TypeError'], ['TypeError']])
    await world.goOnline()
    await world.advance(500)
    expect(cookie()).toBeUndefined()
    const again = post()
    await world.advance(500)
    expect(again).toHaveLength(1)
  })

  it.each([
    [{ loseRequest: 1 }, 0, ['TypeError'], undefined],
    [{ loseAnswer: 1 }, 1, ['TypeError'], undefined],
    [{ loseAnswer: 1, hang: 1 }, 1, [], undefined],
    [{ cutAnswer: 1 }, 1, ['TypeError'], '1'],
  ])('loses as told: %o', async (profile, reached, log, kept) => {
    const { world, open, seen, cookie } = createCountingWorld()
    world.setNetwork(profile)
    const { page } = await open()
    const met: string[] = []
    page
      .fetch('/count', { method: 'POST' })
      .then((response) => response.json())
      .then(
        () => met.push('ok'),
        (error: unknown) => met.push(error instanceof Error ? error.name : ''),
      )
    await world.advance(60_000)
    expect([seen.length, met, cookie()]).toEqual([reached, log, kept])
  })

  it('sends a GET twice where connections break, and a POST never', async () => {
    const { world, open, seen } = createCountingWorld()
    world.setNetwork({ duplicate: 1 })
    const { page, post } = await open()
    void page.fetch('/count')
    post()
    await world.advance(500)
    expect(seen).toHaveLength(3)
  })
})
