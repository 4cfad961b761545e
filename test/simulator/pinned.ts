/*
 * Schedules that once broke a promise, found by search and shrunk by hand. `open` says that the promise is still broken:
 * whoever mends it takes the word away.
 */
import type { Schedule, Setting, Step } from './schedule.js'
import { WHOLE } from './schedule.js'

export interface Pinned {
  readonly claim: string
  readonly schedule: Schedule
  readonly open?: true
}

function of(setting: Partial<Setting>, ...steps: Step[]): Schedule {
  return { seed: 0, tabs: 1, ...WHOLE, ...setting, steps }
}

const login = (tab = 0, after = 0): Step => ({ after, do: 'login', tab, user: 'ann' })
const logout = (tab = 0, after = 0): Step => ({ after, do: 'logout', tab, scope: 'current' })
const network = (profile: 'slow' | 'lossy' | 'hanging', after = 0): Step => ({
  after,
  do: 'network',
  profile,
})
const fault = (name: 'html' | 'unavailable', after = 0): Step => ({
  after,
  do: 'fault',
  fault: name,
  times: 1,
})

export const PINNED: readonly Pinned[] = [
  {
    claim: 'a logout revokes a login that was called before it and is still waiting for the lock',
    schedule: of({}, logout(0, 1), login(), logout(0, 1)),
  },
  {
    claim: 'a compensating logout does not delete the cookie of the login after it',
    schedule: of({ tabs: 2, storage: false }, login(), login(), logout(0, 1)),
  },
  {
    claim: 'two logins of one tab keep the cookie of the one that counts, also without locks',
    schedule: of({ locks: false, storage: false }, login(0, 1), login(0, 61)),
  },
  {
    claim: 'a web page in place of the login answer does not end the session there is',
    schedule: of({}, fault('html', 1), login()),
  },
  {
    claim: 'a web page in place of the logout answer does not confirm the logout',
    schedule: of({}, fault('html', 61), logout()),
  },
  {
    claim: 'a logout that knows no session does not end the next one',
    schedule: of(
      { seed: 2808, storageDelay: 60, signedIn: false },
      network('slow', 1),
      logout(0, 61),
      logout(0, 61),
      { after: 61, do: 'open', how: 'visible' },
      login(0, 61),
      { after: 220_000, do: 'token', tab: 0 },
    ),
  },
  {
    claim: 'R37 a tab whose logout is pending does not take the same session back from a tab that reloads',
    schedule: of(
      { storage: false },
      { after: 1, do: 'offline', unnoticed: false },
      { after: 220_000, do: 'open', how: 'visible' },
      logout(),
      logout(1, 220_000),
      { after: 0, do: 'reload', tab: 1 },
    ),
  },
  {
    claim: 'R37 a forced refresh in a tab that heard of the logout over the channel first does not undo it',
    schedule: of({ seed: 167_907, tabs: 3, storageDelay: 60 }, network('lossy', 220_000), logout(1, 61), {
      after: 1,
      do: 'refreshNow',
      tab: 0,
    }),
  },
  {
    claim: 'a logout that does not know yet of the login a moment ago leaves no session behind',
    schedule: of(
      { seed: 968_108, tabs: 2, storageDelay: 60 },
      { after: 1, do: 'open', how: 'visible' },
      login(0, 61),
      { after: 3, do: 'token', tab: 0 },
      { after: 5, do: 'token', tab: 0 },
      logout(1, 41),
    ),
  },
  {
    claim: 'R02 five tabs that refresh for themselves without locks keep the session',
    schedule: of(
      { tabs: 4, locks: false, shareToken: false, channelDelay: 30, lifetime: 60 },
      { after: 500_192, do: 'token', tab: 0 },
      { after: 282_343, do: 'open', how: 'visible' },
      logout(),
      login(0, 220_000),
    ),
  },
  {
    claim: 'R02 tabs that refresh for themselves over a slow network keep the session',
    schedule: of(
      { seed: 187_440, tabs: 3, shareToken: false },
      { after: 1, do: 'request', tab: 0 },
      network('slow', 61),
      { after: 254_869, do: 'open', how: 'visible' },
      { after: 25, do: 'token', tab: 0 },
    ),
  },
]
