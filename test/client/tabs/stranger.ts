/* What a stranger on the origin reads and writes, and whom it meets. */
import { expect } from 'vitest'
import { NO_CHANNELS } from '../../support/client.js'
import { createHub, type Hub } from '../../support/hub.js'
import { createKit, grant, type Kit, settle, signedIn } from '../../support/kit.js'

export const CENTURY = 3.2e12

export interface Stored {
  readonly epoch: [number, string]
  readonly state: string
  readonly sessionId?: string
}

export const registerKey = ({ browser }: Kit): string =>
  [...browser.storage.keys()].find((key) => /^latchkey:[^:]*:register$/.test(key))!

export const registerText = (kit: Kit): string => kit.browser.storage.get(registerKey(kit))!

export const registerOf = (kit: Kit): Stored => JSON.parse(registerText(kit)) as Stored

/** Another tab wrote into the storage. */
export function write(kit: Kit, key: string, text: string | undefined): void {
  if (text === undefined) kit.browser.storage.delete(key)
  else kit.browser.storage.set(key, text)
  kit.browser.watchers.forEach((changed) => changed())
}

/** Another tab of the same browser, with the same server behind it. */
export async function tab(
  kit: Kit,
  hub: Hub | undefined,
  setup: { answer?: () => Response; session?: () => Response } = {},
): Promise<Kit> {
  const { answer = () => grant(50), session } = setup
  const other = createKit(
    {},
    { browser: kit.browser, clock: kit.clock, ports: { channels: hub?.channels ?? NO_CHANNELS } },
  )
  other.on('/auth/refresh', answer)
  if (session) other.on('/auth/session', session)
  other.on('/auth/login', () => grant(60, { session_id: 's2' }))
  other.on('/auth/logout', () => new Response(null, { status: 204 }))
  const ready = other.auth.ready()
  await kit.clock.advance(50)
  await ready
  return other
}

/** What a call comes to while the clock goes on. */
export async function meanwhile<T>({ clock }: Kit, call: Promise<T>): Promise<T> {
  await clock.advance(1000)
  return call
}

/** Ann's tab, and everything that must not change by what a stranger says. */
export async function victim() {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const snapshot = () => ({
    state: kit.auth.getState(),
    text: JSON.stringify(kit.auth.getState()),
    requests: kit.requests.length,
    stored: [...kit.browser.storage],
  })
  const before = snapshot()
  const [wall] = [kit.clock.wall()]
  const unchanged = async (): Promise<void> => {
    await settle()
    const after = snapshot()
    expect(after).toEqual(before)
    expect(after.state).toBe(before.state)
    expect(await kit.auth.getAccessToken()).toBe('token-1')
    expect(kit.requests).toHaveLength(before.requests)
  }
  return { hub, kit, wall, epoch: registerOf(kit).epoch, unchanged }
}
