/* Another tab of the browser, for tests of one page: a real client of its own, which does what it is told by its own server. */
import { ANN, type Answer, createKit, grant, json, type Kit, settle } from './kit.js'

/** Each call lets happen what can happen without the clock, here and in the page of the test. */
export interface OtherTab {
  /** For what the calls below do not do. */
  readonly kit: Kit
  /** Somebody signs in there; the members are those of the server's answer. */
  signsIn(answer?: Record<string, unknown>): Promise<void>
  /** Whoever is signed in signs out there. The server confirms, where nothing else is said. */
  signsOut(answer?: () => Answer): Promise<void>
  /** It asks its server for a new token, and gets that answer. */
  refreshes(answer: () => Answer): Promise<void>
  /** Nobody is left there to finish anything. */
  closes(): void
}

export interface OtherTabOptions {
  /** False where the page of the test stands still. */
  readonly isHeard?: boolean
  readonly shareToken?: boolean
  /** It has found at its start that Ann is signed in, which takes 100 ms and, where no channel is, a refresh. Else it has asked nobody. */
  readonly isRestored?: boolean
}

/** Opens it. It waits for no lock that the page of the test holds. */
export async function anotherTab(
  kit: Kit,
  { isHeard = true, shareToken = true, isRestored = false }: OtherTabOptions = {},
): Promise<OtherTab> {
  const { browser, clock } = kit
  const tab = createKit(
    { restore: isRestored ? 'auto' : 'never', tabs: { shareToken }, development: false },
    { browser, clock, ports: { channels: kit.ports.channels } },
  )
  // The storage event comes a moment later, and to the other pages alone.
  const own = new Set<() => void>()
  const { write, watch } = tab.ports.shared
  const tell = () => browser.watchers.forEach((changed) => own.has(changed) || changed())
  Object.assign(tab.ports.shared, {
    watch: (key: string, changed: () => void) => (own.add(changed), watch(key, changed)),
    write(key: string, value: string | null) {
      const isWritten = write(key, value)
      if (isWritten && isHeard) queueMicrotask(tell)
      return isWritten
    },
  })
  tab.on('/auth/logout', () => new Response(null, { status: 204 }))
  if (isRestored) {
    tab.on('/auth/session', () => json({ mode: 'token', user: ANN, session_id: 's1' }))
    tab.on('/auth/refresh', () => grant(100))
    void tab.auth.ready()
    await clock.advance(100)
  } else await tab.auth.ready()
  const act = async (call: Promise<unknown>) => {
    call.catch(() => {})
    await settle()
  }
  return {
    kit: tab,
    signsIn(answer = {}) {
      tab.on('/auth/login', () => grant(100, answer))
      return act(tab.auth.login({}))
    },
    signsOut(answer) {
      if (answer) tab.on('/auth/logout', answer)
      return act(tab.auth.logout())
    },
    refreshes(answer) {
      tab.on('/auth/refresh', answer)
      return act(tab.auth.refresh({ force: true }))
    },
    closes: () => tab.auth.dispose(),
  }
}
