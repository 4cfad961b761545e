import type { Flights, Ports } from '../core/ports.js'
import { browserChance } from './chance.js'
import { browserChannels } from './channels.js'
import { browserClock } from './clock.js'
import { browserLifecycle } from './lifecycle.js'
import { browserLocks } from './locks.js'
import { browserPage } from './page.js'
import { sharedStorage, tabStorage } from './storage.js'

/** Of the page, not of a client: a refresh that outlives its client is joined by the next one. Never filled on a server. */
const flights: Flights = new Map()

/** The ports of a page. Nothing is touched until a port is used. */
export function browserPorts(): Ports {
  return {
    clock: browserClock,
    chance: browserChance,
    locks: browserLocks,
    channels: browserChannels,
    shared: sharedStorage,
    tab: tabStorage,
    lifecycle: browserLifecycle,
    page: browserPage,
    flights,
  }
}
