/*
 * One virtual tab: it holds the document that is shown and, after leaving it, the one in the back/forward cache. What
 * happens to tabs happens here: reload, navigation, freeze, cache, close, crash.
 */
import type { Browser } from './browser.js'
import type { PageControls, VirtualPage } from './page.js'
import { createPage } from './page.js'
import { draw } from './random.js'

/** A virtual tab and the application that runs in it. Each method resolves when all that it set off has come to rest. */
export interface VirtualTab<App> {
  readonly number: number
  /** The document that is shown, frozen or not; undefined while another site is shown, or the tab is closed. */
  readonly page: VirtualPage | undefined
  /** What `boot` made of that document. */
  readonly app: App | undefined
  readonly closed: boolean
  readonly frozen: boolean
  /** Whether another site is shown, and going back leads to ours. */
  readonly away: boolean
  visible(): boolean
  reload(): Promise<void>
  /** Leaves the document for another one of ours. */
  navigate(url: string): Promise<void>
  close(): Promise<void>
  /** Ends the document without a word, as the operating system does. */
  crash(): Promise<void>
  hide(): Promise<void>
  show(): Promise<void>
  freeze(): Promise<void>
  resume(): Promise<void>
  /** Goes to another site: the document enters the back/forward cache, where the engine allows it. */
  leave(): Promise<void>
  /** Goes back: the document is restored, or loaded again. */
  back(): Promise<void>
  /** Ends prerendering. */
  activate(): Promise<void>
}

export interface TabOptions<App> {
  readonly number: number
  readonly url: string
  readonly prerendering: boolean
  readonly visible: boolean
  readonly boot: (page: VirtualPage) => App
}

/** A virtual tab with what only its world may do. */
export interface TabControls<App> extends VirtualTab<App> {
  /** The document, in the cache or not. */
  readonly document: PageControls | undefined
}

export function createTab<App>(browser: Browser, options: TabOptions<App>): TabControls<App> {
  const { number, boot } = options
  const { time } = browser
  const session = new Map<string, string>()
  let document: PageControls | undefined
  let app: App | undefined
  let url = options.url
  let isVisible = options.visible
  let closed = false
  let away = false

  const note = (what: string): void => browser.timeline.note(`tab ${number}`, what)

  function load(prerendering = false): void {
    const page: PageControls = createPage(browser, {
      tab: number,
      url,
      prerendering,
      session,
      visible: () => isVisible && !away,
      navigate: (target) => goFrom(page, new URL(target, url).href),
      evicted(why) {
        note(`is thrown out of the back/forward cache: ${why}`)
        page.end()
      },
    })
    document = page
    note(`loads ${new URL(url).pathname} (page ${page.id})`)
    app = boot(page)
  }

  /** What a document hears when it is left. Its last requests leave before it ends. */
  async function bidFarewell(): Promise<void> {
    const wasVisible = isVisible && !away
    document?.signal('suspend')
    if (wasVisible) document?.signal('hidden')
    await time.settle()
  }

  /** A navigation that script asked for: script runs on, and then the document ends. */
  function goFrom(page: PageControls, target: string): void {
    time.at(0, () => {
      if (tab.page !== page || !page.running()) return
      note(`goes to ${target}`)
      url = target
      page.signal('suspend')
      if (tab.visible()) page.signal('hidden')
      time.at(0, () => {
        if (document !== page || page.gone()) return
        page.end()
        load()
      })
    })
  }

  async function replace(): Promise<void> {
    if (document?.running()) await bidFarewell()
    document?.end()
    away = false
    load()
    await time.settle()
  }

  const tab: TabControls<App> = {
    number,
    get document() {
      return document
    },
    get page() {
      return away || document?.gone() ? undefined : document
    },
    get app() {
      return away || document?.gone() ? undefined : app
    },
    get closed() {
      return closed
    },
    get frozen() {
      return document?.script.paused('frozen') === true
    },
    get away() {
      return away
    },
    visible: () => isVisible && !away && !closed,
    async reload() {
      if (closed || away) return
      note('is reloaded')
      await replace()
    },
    async navigate(target) {
      if (closed || away) return
      url = new URL(target, url).href
      note(`goes to ${url}`)
      await replace()
    },
    async close() {
      if (closed) return
      note('is closed')
      if (document?.running()) await bidFarewell()
      closed = true
      document?.end()
      await time.settle()
    },
    async crash() {
      if (closed || away) return
      note('crashes and is loaded again')
      document?.end()
      load()
      await time.settle()
    },
    async hide() {
      if (!tab.visible()) return
      note('is hidden')
      isVisible = false
      document?.signal('hidden')
      await time.settle()
    },
    async show() {
      if (isVisible || closed) return
      note('is shown')
      isVisible = true
      if (!tab.frozen) document?.signal('wake')
      await time.settle()
    },
    async freeze() {
      if (!tab.page?.running()) return
      await tab.hide()
      note('is frozen')
      document?.signal('suspend')
      await time.settle()
      document?.script.pause('frozen')
    },
    async resume() {
      if (!tab.frozen) return
      note('is resumed')
      isVisible = true
      document?.script.resume('frozen')
      document?.signal('wake')
      await time.settle()
    },
    async leave() {
      if (!tab.page?.running()) return
      note('goes to another site')
      await bidFarewell()
      const page = document
      away = true
      if (!page) return
      const { engine } = browser
      const prevented =
        (engine.lockInCache === 'prevents' && page.usesLocks()) ||
        (engine.fetchInCache === 'prevents' && page.requests.inFlight() > 0)
      if (prevented) {
        note('is not kept in the back/forward cache')
        page.end()
      } else {
        page.script.pause('cached')
        if (engine.lockInCache === 'loses') page.loseLocks()
        if (engine.fetchInCache === 'fails') page.requests.failAll()
        browser.locks.cached()
      }
      await time.settle()
    },
    async back() {
      if (!away || closed) return
      away = false
      if (!document || document.gone()) {
        note('comes back and is loaded again')
        load()
      } else {
        note('is restored from the back/forward cache')
        document.script.resume('cached')
        // Engines differ in what comes first: the continuations that waited, or `pageshow`.
        if (draw(browser.seed, document.id, Math.floor(time.now())) < 0.5) await time.advance(0)
        document.signal('wake')
        document.signal('restore')
      }
      await time.settle()
    },
    async activate() {
      note('is activated')
      document?.activate()
      await time.settle()
    },
  }

  load(options.prerendering)
  return tab
}
