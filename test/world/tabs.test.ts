import { describe, expect, it } from 'vitest'
import type { LifecycleSignal } from '../../src/core/ports.js'
import type { VirtualPage } from '../../src/testing/world/page.js'
import { createCountingWorld } from './support.js'

const hear = (page: VirtualPage): LifecycleSignal[] => {
  const heard: LifecycleSignal[] = []
  page.ports.lifecycle.listen((signal) => void heard.push(signal))
  return heard
}

const listen = (page: VirtualPage, name = 'c') => {
  const heard: unknown[] = []
  const channel = page.ports.channels.open(name, (message) => void heard.push(message))
  return { heard, post: (message: unknown) => channel?.post(message), close: () => channel?.close() }
}

describe('Web Locks', () => {
  it('are granted first come, first served, and go on when released', async () => {
    const { world, open } = createCountingWorld()
    const [a, b, c] = [await open(), await open(), await open()]
    const [first, second, third] = [a.lock(), b.lock(), c.lock()]
    await world.advance(10)
    expect([first.log, second.log, third.log]).toEqual([['granted'], [], []])
    first.release()
    first.release()
    await world.advance(10)
    expect([second.log, third.log]).toEqual([['granted'], []])
  })

  it('are not granted after the wait, and the place in the queue is given up', async () => {
    const { world, open } = createCountingWorld()
    const [a, b, c] = [await open(), await open(), await open()]
    const holder = a.lock()
    await world.advance(1)
    const [waiter, next] = [b.lock(100), c.lock()]
    await world.advance(100)
    expect(waiter.log).toEqual(['not granted'])
    holder.release()
    await world.advance(1)
    expect(next.log).toEqual(['granted'])
  })

  it('R21 a frozen holder keeps the lock; closing its tab frees it while its keepalive request still runs', async () => {
    const { world, open, cookie } = createCountingWorld()
    const [a, b] = [await open(), await open()]
    a.lock()
    a.post({ keepalive: true })
    await world.advance(1)
    const waiter = b.lock()
    await a.tab.freeze()
    await world.advance(1)
    expect(waiter.log).toEqual([])
    await a.tab.close()
    await world.advance(0)
    expect([waiter.log, cookie()]).toEqual([['granted'], undefined])
    await world.advance(500)
    expect(cookie()).toBe('1')
  })

  it.each([false, 'stuck'] as const)('can be taken away (%s)', async (locks) => {
    const { world, open } = createCountingWorld()
    world.capabilities.locks = locks
    const { lock } = await open()
    const { log } = lock(5000)
    await world.advance(5000)
    expect(log).toEqual(['not granted'])
  })
})

describe('BroadcastChannel', () => {
  it('brings each message in order to every other object of that name, on the same page too', async () => {
    const { world, open } = createCountingWorld({ channelDelayMs: [0, 50] })
    const [a, b] = [await open(), await open()]
    const [sender, twin, other, stranger] = [
      listen(a.page),
      listen(a.page),
      listen(b.page),
      listen(b.page, 'd'),
    ]
    const messages = Array.from({ length: 50 }, (_, index) => ({ index }))
    for (const message of messages) {
      sender.post(message)
      await world.advance(1)
    }
    await world.advance(100)
    expect([sender.heard, twin.heard, other.heard, stranger.heard]).toEqual([[], messages, messages, []])
  })

  it('keeps the messages of a frozen page until it is resumed, and drops those of a closed channel', async () => {
    const { world, open } = createCountingWorld()
    const [a, b] = [await open(), await open()]
    const [sender, receiver, closed] = [listen(a.page), listen(b.page), listen(b.page)]
    await b.tab.freeze()
    sender.post(1)
    sender.post(2)
    closed.close()
    await world.advance(100)
    expect(receiver.heard).toEqual([])
    await b.tab.resume()
    await world.advance(0)
    expect([receiver.heard, closed.heard]).toEqual([[1, 2], []])
  })

  it('holds back what a prerendered page posts until it is activated', async () => {
    const { world, open } = createCountingWorld()
    const [a, b] = [await open({ prerendering: true }), await open()]
    const receiver = listen(b.page)
    listen(a.page).post('early')
    const early = a.lock()
    await world.advance(100)
    expect([receiver.heard, early.log, a.page.ports.lifecycle.visible()]).toEqual([[], [], false])
    const heard = hear(a.page)
    await a.tab.activate()
    await world.advance(100)
    expect([receiver.heard, early.log, heard]).toEqual([['early'], ['granted'], ['activate']])
  })
})

describe('storage', () => {
  it('shows a value to its writer at once and to others after the delay, with the event', async () => {
    const { world, open } = createCountingWorld({ storageDelayMs: [30, 30] })
    const [a, b] = [await open(), await open()]
    const events: (string | null | undefined)[] = []
    b.page.ports.shared.watch('k', () => void events.push(b.page.ports.shared.read('k')))
    a.page.ports.shared.watch('k', () => void events.push('own'))
    a.page.ports.shared.write('k', '1')
    a.page.ports.shared.write('k', '1')
    expect([a.page.ports.shared.read('k'), b.page.ports.shared.read('k')]).toEqual(['1', null])
    await world.advance(30)
    expect([b.page.ports.shared.read('k'), events]).toEqual(['1', ['1']])
  })

  it('keeps one order of values for all tabs', async () => {
    const { world, open } = createCountingWorld({ storageDelayMs: [0, 100] })
    const [a, b] = [await open(), await open()]
    a.page.ports.shared.write('k', 'first')
    b.page.ports.shared.write('k', 'second')
    await world.advance(200)
    expect([a.page.ports.shared.read('k'), b.page.ports.shared.read('k')]).toEqual(['second', 'second'])
  })

  it('is empty for a new tab, survives a reload, and can be blocked', async () => {
    const { world, open } = createCountingWorld()
    const { tab, page } = await open()
    page.ports.tab.write('k', 'v')
    await tab.reload()
    expect(tab.page?.ports.tab.read('k')).toBe('v')
    expect((await open()).page.ports.tab.read('k')).toBeNull()
    world.capabilities.storage = false
    const blocked = tab.page?.ports.shared
    expect([blocked?.read('k'), blocked?.write('k', 'v')]).toEqual([undefined, false])
  })
})

describe('the back/forward cache', () => {
  it.each([
    ['chromium', 'chromium', true, 'restored'],
    ['firefox', 'firefox', true, 'reloaded'],
    ['webkit', 'webkit', true, 'restored'],
    ['chromium', 'chromium', false, 'restored'],
    ['firefox', 'firefox', false, 'restored'],
  ] as const)('%s with a lock held (%s, %s): %s', async (_, engine, holds, expected) => {
    const { world, open } = createCountingWorld({ engine })
    const { tab, page, lock } = await open()
    if (holds) lock()
    await world.advance(1)
    await tab.leave()
    await world.advance(1000)
    expect(tab.page).toBeUndefined()
    await tab.back()
    expect(tab.page === page ? 'restored' : 'reloaded').toBe(expected)
  })

  it('in chromium a page that holds a lock which another wants is thrown out at once', async () => {
    const { world, open } = createCountingWorld()
    const [a, b] = [await open(), await open()]
    a.lock()
    await world.advance(1)
    await a.tab.leave()
    const waiter = b.lock()
    await world.advance(1)
    expect([a.page.gone(), waiter.log]).toEqual([true, ['granted']])
  })

  it('in webkit a lock is lost, and whoever waited for one learns that he did not get it', async () => {
    const { world, open } = createCountingWorld({ engine: 'webkit' })
    const [a, b, c] = [await open(), await open(), await open()]
    a.lock()
    await world.advance(1)
    const [waiter, next] = [b.lock(), c.lock()]
    await b.tab.leave()
    await a.tab.leave()
    await world.advance(1)
    expect(next.log).toEqual(['granted'])
    await b.tab.back()
    await world.advance(1)
    expect(waiter.log).toEqual(['not granted'])
  })

  it.each([
    ['chromium', true],
    ['firefox', true],
    ['webkit', false],
  ] as const)(
    'in %s a message for a cached page with an open channel throws it out: %s',
    async (engine, gone) => {
      const { world, open } = createCountingWorld({ engine })
      const [a, b] = [await open(), await open()]
      const receiver = listen(b.page)
      await b.tab.leave()
      listen(a.page).post('missed')
      await world.advance(10)
      expect(b.page.gone()).toBe(gone)
      await b.tab.back()
      await world.advance(10)
      expect(receiver.heard).toEqual([])
    },
  )

  it.each([
    ['chromium', ['ok 1']],
    ['webkit', ['TypeError']],
    ['firefox', []],
  ] as const)('in %s a request in flight becomes %j', async (engine, expected) => {
    const { world, open, cookie } = createCountingWorld({ engine })
    const { tab, post } = await open()
    const log = post({ keepalive: true })
    await world.advance(1)
    await tab.leave()
    await world.advance(500)
    await tab.back()
    await world.advance(10)
    expect([log, cookie()]).toEqual([expected, '1'])
  })

  it('tells the page what happens to it, in order', async () => {
    const { open } = createCountingWorld()
    const { tab, page } = await open()
    const heard = hear(page)
    await tab.leave()
    await tab.back()
    await tab.freeze()
    await tab.resume()
    await tab.close()
    expect(heard).toEqual([
      'suspend',
      'hidden',
      'wake',
      'restore',
      'hidden',
      'suspend',
      'wake',
      'suspend',
      'hidden',
    ])
  })
})

describe('time in a page', () => {
  it('stands still for timers and the monotonic clock in sleep, and goes on for the wall clock', async () => {
    const { world, open } = createCountingWorld()
    const { page } = await open()
    const { clock } = page.ports
    const [wall, monotonic] = [clock.wall(), clock.monotonic()]
    const fired: number[] = []
    clock.after(1000, () => void fired.push(clock.monotonic() - monotonic))
    await world.advance(400)
    await world.sleep(3_600_000)
    expect([clock.wall() - wall, clock.monotonic() - monotonic, fired]).toEqual([3_600_400, 400, []])
    await world.advance(600)
    expect(fired).toEqual([1000])
  })

  it('breaks connections in sleep, of which the page learns when it wakes up', async () => {
    const { world, open, cookie } = createCountingWorld()
    const { page, post } = await open()
    const heard = hear(page)
    const log = post({ keepalive: true })
    await world.advance(1)
    await world.sleep(60_000)
    expect([log, heard]).toEqual([[], ['wake']])
    await world.advance(10)
    expect([log, cookie()]).toEqual([['TypeError'], undefined])
  })

  it('the wall clock can be set, and timers do not care', async () => {
    const { world, open } = createCountingWorld()
    const { page } = await open()
    const { clock } = page.ports
    const wall = clock.wall()
    let fired = false
    clock.after(1000, () => (fired = true))
    world.setClock(-3_600_000)
    await world.advance(1000)
    expect([clock.wall() - wall, fired]).toEqual([-3_599_000, true])
  })

  it('timers of hidden pages are late, never early; those of frozen pages wait for the resume', async () => {
    const { world, open } = createCountingWorld()
    const { tab, page } = await open()
    const fired: number[] = []
    await tab.hide()
    page.ports.clock.after(300, () => void fired.push(world.now()))
    await world.advance(2000)
    expect(fired).toEqual([1000])
    await tab.freeze()
    page.ports.clock.after(10, () => void fired.push(world.now()))
    await world.advance(5000)
    await tab.resume()
    await world.advance(0)
    expect(fired).toEqual([1000, 7000])
  })

  it('counts the time in which a page could run', async () => {
    const { world, open } = createCountingWorld()
    const { tab, page } = await open()
    await world.advance(100)
    await tab.freeze()
    await world.advance(1000)
    await tab.resume()
    await world.sleep(1000)
    await world.advance(11)
    expect(page.activeMs()).toBe(111)
  })
})

describe('navigation', () => {
  it('script that navigates runs on until its document is replaced', async () => {
    const { world, open, seen, cookie } = createCountingWorld()
    const { tab, page, post } = await open()
    const heard = hear(page)
    page.ports.page.navigate('/orders')
    post({ keepalive: true })
    await world.advance(500)
    expect([tab.page?.url, page.gone(), heard]).toEqual([
      'https://app.example/orders',
      true,
      ['suspend', 'hidden'],
    ])
    expect([seen.length, cookie()]).toEqual([1, '1'])
  })

  it('a page that is gone neither hears nor says anything', async () => {
    const { world, open } = createCountingWorld()
    const [a, b] = [await open(), await open()]
    const [sender, receiver] = [listen(a.page), listen(b.page)]
    let fired = false
    a.page.ports.clock.after(5, () => (fired = true))
    await a.tab.crash()
    sender.post('ghost')
    expect(a.page.ports.shared.write('k', 'v')).toBe(false)
    const log = a.post()
    await world.advance(500)
    expect([receiver.heard, fired, log, a.tab.page === a.page]).toEqual([[], false, [], false])
  })
})
