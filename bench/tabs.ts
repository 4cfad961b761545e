/*
 * How long a sign-out takes until every tab is signed out, beside a bare message over a BroadcastChannel in the same
 * tabs and the same run.
 */
import type { Browser, Page } from 'playwright'
import type { Hooks } from './tabs-page.ts'

export interface Latencies {
  /** Milliseconds until the last of the other tabs was reached, one for each round, in ascending order. */
  readonly bare: readonly number[]
  readonly signOut: readonly number[]
}

const ask = (tab: Page, name: keyof Hooks): Promise<number> =>
  tab.evaluate((name) => (globalThis as unknown as { bench: Hooks }).bench[name](), name)

export async function measureTabs(
  browser: Browser,
  url: string,
  count: number,
  rounds: number,
): Promise<Latencies> {
  const context = await browser.newContext()
  const tabs: Page[] = []
  for (let opened = 0; opened < count; opened++) {
    const tab = await context.newPage()
    await tab.goto(url)
    tabs.push(tab)
  }
  const [first, ...others] = tabs as [Page, ...Page[]]
  const reach = async (act: 'send' | 'logout', arrival: 'message' | 'signedOut'): Promise<number> => {
    const times = Promise.all(others.map((tab) => ask(tab, arrival)))
    const sent = await ask(first, act)
    return Math.max(...(await times)) - sent
  }
  const bare: number[] = []
  const signOut: number[] = []
  for (let round = -2; round < rounds; round++) {
    await ask(first, 'login')
    await Promise.all(tabs.map((tab) => ask(tab, 'signedIn')))
    const message = await reach('send', 'message')
    const end = await reach('logout', 'signedOut')
    await ask(first, 'signedOut')
    // The first rounds warm up.
    if (round < 0) continue
    bare.push(message)
    signOut.push(end)
  }
  await context.close()
  const sorted = (values: number[]) => values.toSorted((a, b) => a - b)
  return { bare: sorted(bare), signOut: sorted(signOut) }
}
