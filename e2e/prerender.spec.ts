import { appPage } from './documents.ts'
import { ADA, BOB, expect, test, type TestServer } from './fixtures.ts'
import { launch } from './real-tabs.ts'
import { OPTIONS } from './tabs.ts'

interface Answer {
  readonly id?: number
  readonly result: {
    readonly targetId: string
    readonly sessionId: string
    readonly targetInfos: readonly {
      readonly targetId: string
      readonly type: string
      readonly url: string
    }[]
    readonly result: { readonly value: unknown }
  }
}

/** DevTools by hand: Chromium prerenders nothing for a page that they look at, and Playwright looks at all. */
async function connect(url: string) {
  const socket = new WebSocket(url)
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  const waiting = new Map<number, (answer: Answer) => void>()
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer
    waiting.get(answer.id ?? 0)?.(answer)
  })
  const send = async (method: string, params: object = {}, sessionId?: string): Promise<Answer['result']> => {
    const id = waiting.size + 1
    const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params, sessionId }))
    return (await answer).result
  }
  return {
    open: async (url: string) => (await send('Target.createTarget', { url })).targetId,
    find: async (url: string) => {
      const { targetInfos } = await send('Target.getTargets')
      return targetInfos.find((target) => target.type === 'page' && target.url === url)?.targetId
    },
    /** Looks at the page only as long as it takes. */
    async evaluate(targetId: string, expression: string): Promise<unknown> {
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
      const params = { expression, awaitPromise: true, returnByValue: true }
      const { result } = await send('Runtime.evaluate', params, sessionId)
      await send('Target.detachFromTarget', { sessionId })
      return result.value
    },
    close: () => socket.close(),
  }
}

/** What the page does by itself, when nobody looks at it any more: it has another one prerendered, and goes there later. */
const PRERENDER = `
  setTimeout(() => {
    const rules = document.createElement('script')
    rules.type = 'speculationrules'
    rules.textContent = JSON.stringify({ prerender: [{ source: 'list', urls: ['/early'] }] })
    document.head.append(rules)
    addEventListener('storage', ({ key }) => key === 'go' && location.assign('/early'))
  }, 300)`

/** What was asked on behalf of a page that nobody sees yet. */
const asked = (server: TestServer): string[] =>
  server.seen
    .filter(({ headers }) => headers.get('sec-purpose')?.includes('prerender') === true)
    .map(({ path }) => path)

test('R76 a page that is prerendered asks nothing, and shows who is signed in when it is activated', async ({
  server,
}) => {
  test.setTimeout(40_000)
  server.client = OPTIONS
  // Chromium keeps locks from a page that is prerendered, and a sibling could share its token: both would spare it the question.
  server.worker = `
    Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })
    addEventListener('load', () => setTimeout(() => fetch('/echo'), 1000))`
  const early = appPage({ ...OPTIONS, tabs: { shareToken: false } })
  server.documents.set('/early', early.replace('<script', '<script src="/worker.js"></script><script'))
  const browser = await launch()
  try {
    const devtools = await connect(browser.url)
    const run = (target: string, name: string, ...args: unknown[]) =>
      devtools.evaluate(target, `run('${name}', ${JSON.stringify(args)})`)
    const tab = await devtools.open(`${server.origin}/`)
    await expect.poll(() => devtools.evaluate(tab, 'typeof run')).toBe('function')
    await run(tab, 'login', ADA)
    const opener = await devtools.open(`${server.origin}/plain`)
    await expect.poll(() => devtools.evaluate(opener, 'document.readyState')).toBe('complete')
    await devtools.evaluate(opener, PRERENDER)
    await expect.poll(() => server.count('/early')).toBe(1)
    await expect.poll(() => asked(server)).toEqual(['/early', '/worker.js', '/assets/main.js', '/echo'])

    await run(tab, 'login', BOB)
    await devtools.evaluate(tab, `localStorage.setItem('go', '')`)
    await expect.poll(() => devtools.find(`${server.origin}/early`)).toBeDefined()
    const shown = (await devtools.find(`${server.origin}/early`))!
    const activated = `performance.getEntriesByType('navigation')[0].activationStart > 0`
    await expect.poll(() => devtools.evaluate(shown, activated)).toBe(true)
    await expect.poll(() => run(shown, 'state')).toMatchObject({ value: { user: 'bob' } })
    expect(await run(shown, 'told')).toMatchObject({ value: ['Bob is signed in'] })
    expect(server.count('/early')).toBe(1)

    await run(shown, 'logout')
    await expect.poll(() => run(tab, 'state')).toMatchObject({ value: { reason: 'logout-elsewhere' } })
    devtools.close()
  } finally {
    await browser.close()
  }
})
