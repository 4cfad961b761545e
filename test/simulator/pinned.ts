/* Schedules that once broke a promise, found by search and shrunk. `npm run simulate -- --pinned` plays them. */
import type { Schedule, Setting, Step } from './schedule.js'
import { WHOLE } from './schedule.js'

export interface Pinned {
  readonly claim: string
  readonly schedule: Schedule
}

function of(setting: Partial<Setting>, ...steps: Step[]): Schedule {
  return { seed: 0, tabs: 1, ...WHOLE, ...setting, steps }
}

const login = (tab = 0, after = 0): Step => ({ after, do: 'login', tab, user: 'ann' })
const logout = (tab = 0, after = 0): Step => ({ after, do: 'logout', tab, scope: 'current' })
const token = (tab = 0, after = 0): Step => ({ after, do: 'token', tab })
const opens = (after = 0): Step => ({ after, do: 'open', how: 'visible' })
const offline = (unnoticed: boolean, after = 0): Step => ({ after, do: 'offline', unnoticed })
const network = (profile: 'jittery' | 'slow' | 'lossy' | 'hanging' | 'calm', after = 0): Step => ({
  after,
  do: 'network',
  profile,
})
const html = (after = 0): Step => ({ after, do: 'fault', fault: 'html', times: 1 })

export const PINNED: readonly Pinned[] = [
  {
    claim: 'R50 a logout rejects a login that was called before it and still waits for the lock',
    schedule: of({}, logout(0, 1), login(), logout(0, 1)),
  },
  {
    claim: 'R50 a compensating logout does not delete the cookie of the login after it',
    schedule: of(
      { seed: 220_301, tabs: 2, storage: false, onRace: 'refuse' },
      login(),
      login(),
      logout(1, 1),
    ),
  },
  {
    claim: 'two logins of one tab keep the cookie of the one that counts, also without locks',
    schedule: of({ locks: false, storage: false }, login(0, 1), login(0, 61)),
  },
  {
    claim: 'R51 a web page in place of the login answer does not end the session there is',
    schedule: of({ tabs: 2, locks: false, channel: false }, html(220_000), login(), token(0, 61)),
  },
  {
    claim: 'R37 a web page in place of the logout answer does not confirm the logout',
    schedule: of({}, logout(0, 61), html(1), { after: 3000, do: 'hide', tab: 0 }),
  },
  {
    claim: 'R50 a logout that knows of no session does not end the next one',
    schedule: of(
      { seed: 2808, storageDelay: 60, signedIn: false },
      network('slow', 1),
      logout(0, 61),
      logout(0, 61),
      opens(61),
      login(0, 61),
      token(0, 220_000),
    ),
  },
  {
    claim: 'R37 a tab whose logout is pending does not take the same session back from a tab that reloads',
    schedule: of({ storage: false }, offline(false, 1), opens(220_000), logout(), logout(1, 220_000), {
      after: 0,
      do: 'reload',
      tab: 1,
    }),
  },
  {
    claim: 'R37 a tab whose logout is pending does not take the same session back from a tab that comes back',
    schedule: of(
      { engine: 'firefox', tabs: 2, locks: false, storage: false },
      offline(true),
      logout(0, 300_000),
      { after: 0, do: 'leave', tab: 0 },
      logout(1),
      token(0, 61),
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
    claim: 'R38 a logout that does not know yet of the login a moment ago leaves no session behind',
    schedule: of(
      { seed: 968_108, tabs: 2, channelDelay: 30, storageDelay: 60 },
      opens(1),
      login(0, 61),
      token(0, 3),
      token(0, 5),
      logout(1, 41),
    ),
  },
  {
    claim: 'R02 five tabs without locks keep the session over a network that loses answers',
    schedule: of(
      { seed: 10, tabs: 5, locks: false, channelDelay: 30, storageDelay: 60 },
      logout(0, 61),
      token(0, 71),
      login(1),
      network('hanging', 61),
      network('calm', 220_000),
    ),
  },
  {
    claim: 'R02 four tabs without channel keep the session over a slow network',
    schedule: of(
      { seed: 5, tabs: 4, channel: false, signedIn: false },
      network('slow'),
      login(),
      logout(0, 220_000),
    ),
  },
  {
    claim: 'R02 tabs that refresh for themselves over a slow network keep the session',
    schedule: of(
      { seed: 187_440, tabs: 3, shareToken: false },
      { after: 1, do: 'request', tab: 0 },
      network('slow', 61),
      opens(254_869),
      token(0, 25),
    ),
  },
  {
    claim: 'R37 a logout that is said anew while it waits for the lock is delivered',
    schedule: of(
      { seed: 1, tabs: 2, storage: false },
      opens(1),
      login(0, 300_000),
      { after: 9, do: 'reload', tab: 4 },
      { after: 0, do: 'freeze', tab: 1 },
      { after: 52, do: 'wait' },
      logout(0, 1),
    ),
  },
  {
    claim: 'R39 a page that was cached over a logout does not show who was here while it asks who is',
    schedule: of(
      { tabs: 2 },
      { after: 1, do: 'leave', tab: 0 },
      logout(1),
      { after: 220_000, do: 'login', tab: 1, user: 'bob' },
      token(0, 61),
      { after: 0, do: 'back', tab: 0 },
    ),
  },
  {
    claim: 'R50 a logout without a session id is not kept back until the next session is there',
    schedule: of({ tabs: 2, locks: 'stuck', channel: false, storage: false }, login(0, 1), {
      after: 15_000,
      do: 'logout',
      tab: 1,
      scope: 'current',
    }),
  },
  {
    claim: 'R50 a logout that learns from a late refresh which session it is for ends that one alone',
    schedule: of({ tabs: 2, storage: false }, { after: 1, do: 'reload', tab: 0 }, login(1, 1), logout(0)),
  },
  {
    claim: 'R50 a thawed tab does not repeat a nameless logout after the storage was emptied',
    schedule: of(
      { tabs: 2, signedIn: false },
      { after: 0, do: 'logout', tab: 0, scope: 'all' },
      { after: 0, do: 'freeze', tab: 1 },
      login(0, 220_000),
      { after: 3000, do: 'clearStorage' },
    ),
  },
  {
    claim: 'R04 a late answer is repaired although a back-off holds everybody up',
    schedule: of(
      { tabs: 2, storage: false, shareToken: false, signedIn: false },
      login(0, 61),
      { after: 300_000, do: 'refreshNow', tab: 0 },
      offline(false, 61),
      network('slow', 1),
      opens(220_000),
      { after: 61, do: 'login', tab: 0, user: 'ann', password: 'wrong' },
      { after: 2, do: 'online' },
    ),
  },
  {
    claim: 'FIX-04 two logins at once: the one whose cookie came last is the one that is shown',
    schedule: of(
      { tabs: 3, channel: false },
      logout(1),
      { after: 1, do: 'freeze', tab: 4 },
      login(),
      login(2, 1),
      offline(false, 18_033),
    ),
  },
  {
    claim:
      'of two logins at once neither session outlives a logout that comes before it is known which one counts',
    schedule: of(
      {
        tabs: 3,
        locks: false,
        storage: false,
        signedIn: false,
        mode: 'session',
        csrf: 'answer',
        tells: false,
      },
      network('jittery', 1),
      login(),
      login(1, 1),
      offline(false, 1020),
      logout(1),
    ),
  },
  {
    claim:
      'of two logins at once neither session outlives a logout, also where nobody could learn which one counts',
    schedule: of(
      {
        tabs: 2,
        locks: false,
        storage: false,
        signedIn: false,
        mode: 'session',
        csrf: 'answer',
        tells: false,
      },
      network('jittery', 1),
      login(),
      login(1, 1),
      offline(false, 1379),
      { after: 215, do: 'refreshNow', tab: 0 },
      logout(),
    ),
  },
  {
    claim:
      'R38 of two logins at once all tabs learn which session counts, and a logout in any of them ends it',
    schedule: of(
      { tabs: 3, storageDelay: 60, mode: 'session', csrf: 'answer', tells: true, rolling: false },
      { after: 1, do: 'refreshNow', tab: 0 },
      { after: 0, do: 'login', tab: 0, user: 'bob' },
      opens(),
      { after: 1, do: 'login', tab: 3, user: 'bob' },
      { after: 220_000, do: 'reload', tab: 3 },
      logout(0, 1),
    ),
  },
]
