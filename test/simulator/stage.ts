/*
 * The stage: the virtual browser, the reference backend and the real client, put together as the setting of a schedule
 * says. It plays the steps and lets ledger, referee and coverage see everything.
 */
import { createReferenceBackend } from '../../src/testing/backend/index.js'
import { createDeterministicParts } from '../../src/testing/backend/deterministic.js'
import type { Register } from '../../src/core/register.js'
import { AuthError } from '../../src/errors.js'
import type { VirtualPage } from '../../src/testing/world/page.js'
import type { VirtualTab } from '../../src/testing/world/tab.js'
import type { World } from '../../src/testing/world/world.js'
import { createWorld } from '../../src/testing/world/world.js'
import type { App, AppOptions, Audience, Call } from './app.js'
import { createApp, mount, track } from './app.js'
import type { Coverage } from './coverage.js'
import { createCoverage } from './coverage.js'
import type { Ledger } from './ledger.js'
import { CANARY, createLedger } from './ledger.js'
import { Referee } from './referee.js'
import type { Schedule, Step, TabAct } from './schedule.js'
import { CSRF, FAULTS, NETWORKS } from './schedule.js'
import { linkTo, visit } from './server-pages.js'
import { isInVain } from './thrift.js'
import type { Seen } from './writes.js'

// Loaded before it is asked for: the time of the world does not wait for a module.
await import('../../src/acts/exchange.js')

const ORIGIN = 'https://app.example'
const HOUR = 3_600_000
const IDLE_MS = 4 * HOUR
const SESSION_MS = 24 * HOUR
const MOST_TABS = 6
/** What a person does, who must see the page. */
const CLICKED: ReadonlySet<Step['do']> = new Set(['login', 'exchange', 'logout', 'link'])
/** How long the application waits for an answer of the API. */
const REQUEST_MS = 20_000

export interface Stage {
  readonly world: World<App>
  readonly ledger: Ledger
  readonly referee: Referee
  readonly coverage: Coverage
  play(step: Step): Promise<void>
  /** Stops all faults, wakes all tabs, lets time pass, and judges. */
  finish(): Promise<void>
}

export async function createStage(schedule: Schedule): Promise<Stage> {
  let now = (): number => 0
  let serverTime = (): number => 0
  const ledger = createLedger(
    () => now(),
    () => serverTime(),
    IDLE_MS,
  )
  const coverage = createCoverage(ledger)
  const { mode } = schedule
  const [forBackend, forClient] = CSRF[schedule.csrf ?? 'answer']
  const backend = createReferenceBackend({
    ...createDeterministicParts(schedule.seed),
    clock: { now: () => serverTime() },
    signer: ledger.signer,
    store: ledger.store,
    users: ledger.users,
    accessTokenSeconds: schedule.lifetime,
    idleMs: IDLE_MS,
    sessionMs: SESSION_MS,
    revocation: schedule.revocation,
    onRace: schedule.onRace,
    throttle: { perAccount: 1000, perAddress: 1000 },
    ...(mode && {
      mode,
      csrf: forBackend,
      rolling: schedule.rolling,
      sessionIdHeader: schedule.tells === false && schedule.csrf !== 'header' ? false : 'X-Session-Id',
    }),
  })
  for (const id of ['ann', 'bob']) {
    await backend.admin.addUser({ id, email: `${id}@example.com`, password: `${id}'s password` })
  }

  const world: World<App> = createWorld<App>({
    seed: schedule.seed,
    engine: schedule.engine,
    pageUrl: `${ORIGIN}/`,
    channelDelayMs: [0.1, schedule.channelDelay],
    storageDelayMs: [0, schedule.storageDelay],
    async server(request, context) {
      const { origin, pathname } = new URL(request.url)
      if (origin !== ORIGIN)
        return new Response('elsewhere', { headers: { 'access-control-allow-origin': '*' } })
      if (pathname === '/redirected') {
        return new Response(null, { status: 302, headers: { location: 'https://elsewhere.example/' } })
      }
      const id = Number(request.headers.get('x-exchange'))
      ledger.handling = ledger.exchanges[id - 1]
      const answer = (await visit(request, backend, ledger)) ?? (await backend.handle(request, context))
      ledger.handling = undefined
      return answer
    },
    boot: (page) => createApp(toldLater(page, schedule.storageEventDelay), options, audience),
    onExchange(exchange, phase) {
      if (phase === 'sent') {
        exchange.headers.set('x-exchange', String(exchange.id))
        ledger.exchanges.push(exchange)
        referee.sent(exchange)
      }
      if (phase === 'arrived') {
        remember(exchange.answer?.body, exchange.page)
        referee.writes.arrived(exchange)
      }
      if (phase === 'failed') referee.proofs.failed(exchange)
      if (phase === 'arrived' || phase === 'failed') referee.thrift.settled(exchange)
      coverage.exchange(exchange, phase)
    },
    onMessage(_name, message) {
      const { from, register, ask, wait } = message as {
        from: string
        ask: boolean
        wait: unknown
        register: Register
      }
      const { state, generation, reason, epoch } = register
      const said = [ask ? 'ask' : state, generation, reason, epoch, wait].filter((part) => part !== undefined)
      world.timeline.note(
        'channel',
        `${from.split('-')[0]} says ${said.map((part) => JSON.stringify(part)).join(' ')}`,
      )
      if (!schedule.shareToken && JSON.stringify(message).includes(CANARY)) {
        referee.violate('P5', 'a token is sent over the channel although sharing is off')
      }
    },
  })
  now = world.now
  serverTime = world.serverTime
  world.capabilities.locks = schedule.locks
  world.capabilities.channel = schedule.channel
  world.capabilities.storage = schedule.storage

  const options: AppOptions = {
    shareToken: schedule.shareToken,
    client: mode
      ? {
          mode: 'auto',
          session: { csrf: forClient },
          endpoints: schedule.csrf === 'endpoint' ? { csrf: '/auth/csrf' } : {},
        }
      : {},
    now: world.now,
  }
  const inJar = () => {
    const found = world
      .cookies()
      .flatMap(({ name, value }) =>
        /^__Host-(refresh|sid)$/.test(name) ? (ledger.ofCookie(value) ?? []) : [],
      )
    return found.find((session) => ledger.lives(session, world.serverTime())) ?? found[0]
  }
  const apps = (): App[] => world.tabs.flatMap(({ app }) => app ?? [])
  const truth = { schedule, ledger, now: world.now, serverTime: world.serverTime, inJar, apps }
  const referee = new Referee(truth, coverage.count)
  const audience: Audience = {
    note: world.timeline.note,
    state(app, before, state) {
      referee.state(app, before, state)
      coverage.state(before, state)
    },
    ended: (app, { previousUser }) => referee.ended(app, previousUser),
    switched: () => undefined,
    diagnostic(app, entry) {
      coverage.diagnostic(entry)
      if (entry.type === 'refresh.adopted') referee.thrift.told(app.page.id)
      if (entry.type === 'tabs.resync') {
        referee.thrift.resynced(app.page.id)
        referee.proofs.resynced(app)
      }
      if (/^refresh\.(sent|done|failed|refused)$/.test(entry.type)) {
        referee.thrift.asks(app.page.id, entry.type === 'refresh.sent')
      }
      if (entry.type === 'refresh.failed') referee.excuses.failed(app.page.id)
      if (entry.type === 'lock.waited' && isInVain(entry.milliseconds)) referee.thrift.excuse(app.page.id)
    },
    began: (call) => referee.began(call),
    settled: (call) => referee.settled(call),
  }

  function remember(body: ArrayBuffer | undefined, page: number): void {
    const [token] = /CANARY-[^"]+/.exec(new TextDecoder().decode(body)) ?? []
    if (token !== undefined && !ledger.deliveries.has(token)) ledger.deliveries.set(token, page)
  }

  const begin = (app: App, kind: string, promise: Promise<unknown>): Call =>
    track(app, kind, promise, options, audience)

  /** Calls of the application; only a page whose script runs can make them. */
  function call(app: App, act: TabAct): void {
    const { client, page } = app
    // Nobody can click in a page that nobody sees.
    if (CLICKED.has(act.do) && page.ports.lifecycle.prerendering()) return
    world.timeline.note(`tab ${page.tab}`, `calls ${act.do}${'user' in act ? ` ${act.user}` : ''}`)
    switch (act.do) {
      case 'token':
        return void begin(app, 'token', client.getAccessToken())
      case 'refresh':
        return void begin(app, 'refresh', client.refresh())
      case 'refreshNow':
        return void begin(app, 'refresh', client.refresh({ force: true }))
      case 'request':
        return request(app, '/api/orders')
      case 'redirected':
        return request(app, '/redirected')
      case 'foreign':
        return request(app, 'https://elsewhere.example/data')
      case 'write':
        return write(app)
      case 'elsewhere':
        coverage.count('sign-in on a page of the server')
        return void begin(app, 'elsewhere', signInElsewhere(page, act.user))
      case 'link':
        return void begin(app, 'link', follow(app, act))
      case 'login': {
        const password = act.password ?? `${act.user}'s password`
        return void begin(app, 'login', client.login({ email: `${act.user}@example.com`, password }))
      }
      case 'exchange':
        return void begin(app, 'login', exchange(app, act))
      case 'logout':
        referee.logouts.asked(app)
        return void begin(app, 'logout', client.logout({ scope: act.scope }))
      case 'remount':
        client.dispose()
        referee.remounted(app)
        return mount(app, options, audience)
      default:
    }
  }

  /** It counts as a sign-in; who signs in nobody by it has failed. */
  async function exchange({ client }: App, { user, says }: TabAct & { do: 'exchange' }): Promise<unknown> {
    const body = JSON.stringify({ email: `${user}@example.com`, password: `${user}'s password` })
    const headers = { 'content-type': 'application/json' }
    const result = await client
      .exchange(async ({ fetch }) => {
        const response = await fetch('/auth/login', { method: 'POST', headers, body })
        return says === 'who' ? response : undefined
      })
      // What the platform's fetch rejects with comes through.
      .catch((cause: unknown) => {
        throw cause instanceof TypeError ? new AuthError('network', { cause }) : cause
      })
    if (result.status !== 'in') throw new AuthError('login_refused', { status: result.response?.status })
    coverage.count(says === 'who' ? 'exchange that says who' : 'exchange that says nothing')
    return client.getState()
  }

  function write(app: App): void {
    const headers = { 'content-type': 'application/json' }
    request(app, '/api/profile', { method: 'PUT', headers, body: '{"name":"Somebody"}' })
  }

  /** A page of the server in the same browser: the jar knows of it, and no client does. */
  const signInElsewhere = (page: VirtualPage, user: string): Promise<unknown> =>
    page.fetch('/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf': '1', 'x-elsewhere': '1' },
      body: JSON.stringify({ email: `${user}@example.com`, password: `${user}'s password` }),
    })

  /** The document stays until the answer is there: what it sets is in the jar before the next one begins. */
  async function follow(app: App, { user, opens }: TabAct & { do: 'link' }): Promise<boolean> {
    const { page } = app
    const { status } = await page.fetch(linkTo(user), { headers: { 'x-elsewhere': '1' }, redirect: 'manual' })
    const leads = status === 0
    if (!leads) return false
    const others = apps().filter((other) => other !== app && other.page.running())
    if (others.length > 0) coverage.count(`sign-${user === 'nobody' ? 'out' : 'in'} by a link of the server`)
    if (opens === 'tab' && openTabs().length < MOST_TABS) void world.openTab()
    else {
      referee.logouts.gone(app)
      page.ports.page.navigate('/')
    }
    return true
  }

  const openTabs = () => world.tabs.filter(({ closed }) => !closed)

  function request(app: App, url: string, init: RequestInit = {}): void {
    const controller = new AbortController()
    const id = String((referee.calls.at(-1)?.id ?? 0) + 1)
    const late = (): void =>
      controller.abort(new DOMException('The application waits no longer', 'TimeoutError'))
    app.page.ports.clock.after(REQUEST_MS, late)
    const headers = new Headers(init.headers)
    headers.set('x-call', id)
    const sent = app.client.fetch(url, { ...init, headers, signal: controller.signal })
    const seen = sent.then(({ status, headers }): Seen => ({
      status,
      own: headers.get('content-type') === 'application/json',
    }))
    begin(app, init.method === undefined ? 'request' : 'write', seen)
  }

  async function actOn(tab: VirtualTab<App>, act: TabAct): Promise<void> {
    const method = act.do
    switch (method) {
      case 'leave':
        if (tab.page) referee.excuses.left(tab.page.id)
        if (tab.page?.running()) coverage.count('back/forward cache')
        return tab.leave()
      case 'freeze':
        if (tab.page) referee.excuses.left(tab.page.id)
        return tab.freeze()
      case 'close':
      case 'crash':
      case 'reload':
        if (tab.app) referee.logouts.gone(tab.app)
        return tab[method]()
      case 'hide':
      case 'show':
      case 'resume':
      case 'back':
        return tab[method]()
      case 'navigate':
        if (tab.app && tab.page?.running()) {
          referee.logouts.gone(tab.app)
          tab.app.page.ports.page.navigate('/orders')
        }
        return
      case 'activate':
        return tab.page?.running() ? tab.activate() : undefined
      default:
        if (tab.app && tab.page?.running()) call(tab.app, act)
    }
  }

  async function play(step: Step): Promise<void> {
    await world.advance(step.after)
    referee.thrift.step(step)
    if (schedule.onRace === 'refuse' && mayLoseAnswers(step)) return
    switch (step.do) {
      case 'wait':
        break
      case 'open':
        if (openTabs().length < MOST_TABS) {
          await world.openTab({ visible: step.how !== 'hidden', prerendering: step.how === 'prerendering' })
        }
        break
      case 'sleep':
        await world.sleep(step.ms)
        referee.excuses.wokeAt = world.now()
        break
      case 'offline':
        await world.goOffline({ unnoticed: step.unnoticed })
        break
      case 'online':
        await world.goOnline()
        break
      case 'network':
        world.timeline.note('world', `the network is ${step.profile}`)
        world.setNetwork(NETWORKS[step.profile])
        break
      case 'fault':
        world.timeline.note('server', `will fail: ${step.fault}, ${step.times} times`)
        backend.faults.clear()
        backend.faults.add({ ...FAULTS[step.fault], times: step.times })
        break
      case 'revoke': {
        const session = inJar()
        if (session) {
          world.timeline.note('server', `revokes session ${session.id.slice(0, 4)}`)
          await backend.admin.endSession(session.id)
        }
        break
      }
      case 'ban':
      case 'unban':
        world.timeline.note('server', `${step.do}s ${step.user}`)
        await backend.admin[step.do](step.user)
        break
      case 'csrfKey':
        world.timeline.note('server', 'forgets all CSRF tokens')
        backend.admin.rotateCsrfKey()
        break
      case 'role':
        world.timeline.note('server', `changes the role of ${step.user}`)
        await backend.admin.setRoles(step.user, step.role ? ['admin'] : [])
        break
      case 'prefer':
        world.timeline.note('server', `serves both modes, and prefers ${step.mode}`)
        backend.admin.setMode('both', step.mode)
        break
      case 'setClock':
        if (step.ms < 0) referee.excuses.isClockBack = true
        world.setClock(step.ms)
        break
      case 'clearStorage':
        referee.excuses.forgot()
        world.clearStorage()
        break
      default: {
        const open = openTabs()
        const tab = open[step.tab % open.length]
        if (tab) await actOn(tab, step)
      }
    }
    await world.advance(0)
    referee.poll()
  }

  async function finish(): Promise<void> {
    world.timeline.note('world', 'all faults stop, and all tabs are shown')
    backend.faults.clear()
    world.setNetwork({})
    referee.thrift.step({ after: 0, do: 'online' })
    await world.goOnline()
    for (const tab of world.tabs) {
      await tab.resume()
      await tab.back()
      if (tab.page) await tab.activate()
      await tab.show()
    }
    if (world.tabs.every(({ closed }) => closed)) await world.openTab()
    await world.advance(10 * 60_000)
    // A cookie session is asked about when it is used, and a write may be all that tells whose it is.
    for (const app of apps()) {
      if (mode) write(app)
      else begin(app, 'token', app.client.getAccessToken())
    }
    await world.advance(60_000)
    referee.poll()
    referee.judge()
    const leak = world.timeline.entries.find(({ what }) => what.includes(CANARY))
    if (leak) referee.violate('P5', `a token is written down: ${leak.who} ${leak.what}`)
    if (backend.stats.count('refresh', 'redelivered') > 0) coverage.count('grace')
  }

  for (let count = 0; count < schedule.tabs; count++) await world.openTab()
  await world.advance(1000)
  if (schedule.signedIn) {
    const first = world.tabs[0]?.app
    if (first) call(first, { do: 'login', user: 'ann' })
    // Where locks are stuck a login waits for them.
    await world.advance(schedule.locks === 'stuck' ? 15_000 : 1000)
    referee.poll()
  }
  return { world, ledger, referee, coverage: coverage.counts, play, finish }
}

/** The page, where storage events come later than the values they are about. */
function toldLater(page: VirtualPage, delayMs = 0): VirtualPage {
  if (delayMs === 0) return page
  const { clock, shared } = page.ports
  const watch: typeof shared.watch = (key, changed) =>
    shared.watch(key, () => void clock.after(delayMs, changed))
  return { ...page, ports: { ...page.ports, shared: { ...shared, watch } } }
}

/** A backend that cannot deliver a successor twice loses the session with the answer, whatever the client does. */
function mayLoseAnswers(step: Step): boolean {
  if (step.do === 'network') return step.profile === 'lossy' || step.profile === 'hanging'
  if (step.do === 'fault') return step.fault === 'lostAnswer' || step.fault === 'truncated'
  // A changed role rotates the cookie with the next answer, whose request a logout may abort.
  return step.do === 'offline' || step.do === 'sleep' || step.do === 'role'
}
