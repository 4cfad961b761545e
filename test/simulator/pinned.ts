/* Schedules that once broke a promise, found by search and shrunk. `npm run simulate -- --pinned` plays them. */
import type { Schedule, Step } from './schedule.js'
import {
  back,
  elsewhere,
  fault,
  freeze,
  hide,
  leave,
  link,
  login,
  logout,
  network,
  of,
  offline,
  opens,
  refreshNow,
  reload,
  remount,
  request,
  token,
  wait,
  write,
} from './steps.js'

export interface Pinned {
  readonly claim: string
  readonly schedule: Schedule
}

const html = (after: number): Step => fault('html', 1, after)

/** Nobody has a session by cookie yet, and the tabs have neither locks nor storage. */
const BARE_SESSION = {
  locks: false,
  storage: false,
  signedIn: false,
  mode: 'session',
  csrf: 'answer',
  tells: false,
} as const

/** The CSRF token is in a readable cookie, and nothing else says for which session a request is. */
const BY_COOKIE = { mode: 'session', csrf: 'cookie', tells: false, rolling: false } as const
const prefersSession = (after = 0): Step => ({ after, do: 'prefer', mode: 'session' })

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
    schedule: of({}, logout(0, 61), html(1), hide(0, 3000)),
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
    schedule: of({ storage: false }, offline(1), opens(220_000), logout(), logout(1, 220_000), reload(1)),
  },
  {
    claim: 'R37 a tab whose logout is pending does not take the same session back from a tab that comes back',
    schedule: of(
      { engine: 'firefox', tabs: 2, locks: false, storage: false },
      { after: 0, do: 'offline', unnoticed: true },
      logout(0, 300_000),
      leave(),
      logout(1),
      token(0, 61),
    ),
  },
  {
    claim: 'R37 a forced refresh in a tab that heard of the logout over the channel first does not undo it',
    schedule: of(
      { seed: 167_907, tabs: 3, storageDelay: 60 },
      network('lossy', 220_000),
      logout(1, 61),
      refreshNow(0, 1),
    ),
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
      request(0, 1),
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
      reload(4, 9),
      freeze(1),
      wait(52),
      logout(0, 1),
    ),
  },
  {
    claim: 'R39 a page that was cached over a logout does not show who was here while it asks who is',
    schedule: of({ tabs: 2 }, leave(0, 1), logout(1), login(1, 220_000, 'bob'), token(0, 61), back()),
  },
  {
    claim: 'R50 a logout without a session id is not kept back until the next session is there',
    schedule: of({ tabs: 2, locks: 'stuck', channel: false, storage: false }, login(0, 1), logout(1, 15_000)),
  },
  {
    claim: 'R50 a logout that learns from a late refresh which session it is for ends that one alone',
    schedule: of({ tabs: 2, storage: false }, reload(0, 1), login(1, 1), logout(0)),
  },
  {
    claim: 'R50 a thawed tab does not repeat a nameless logout after the storage was emptied',
    schedule: of(
      { tabs: 2, signedIn: false },
      { after: 0, do: 'logout', tab: 0, scope: 'all' },
      freeze(1),
      login(0, 220_000),
      { after: 3000, do: 'clearStorage' },
    ),
  },
  {
    claim: 'R04 a late answer is repaired although a back-off holds everybody up',
    schedule: of(
      { tabs: 2, storage: false, shareToken: false, signedIn: false },
      login(0, 61),
      refreshNow(0, 300_000),
      offline(61),
      network('slow', 1),
      opens(220_000),
      { after: 61, do: 'login', tab: 0, user: 'ann', password: 'wrong' },
      { after: 2, do: 'online' },
    ),
  },
  {
    claim: 'FIX-04 two logins at once: the one whose cookie came last is the one that is shown',
    schedule: of({ tabs: 3, channel: false }, logout(1), freeze(4, 1), login(), login(2, 1), offline(18_033)),
  },
  {
    claim:
      'of two logins at once neither session outlives a logout that comes before it is known which one counts',
    schedule: of(
      { tabs: 3, ...BARE_SESSION },
      network('jittery', 1),
      login(),
      login(1, 1),
      offline(1020),
      logout(1),
    ),
  },
  {
    claim:
      'of two logins at once neither session outlives a logout, also where nobody could learn which one counts',
    schedule: of(
      { tabs: 2, ...BARE_SESSION },
      network('jittery', 1),
      login(),
      login(1, 1),
      offline(1379),
      refreshNow(0, 215),
      logout(),
    ),
  },
  {
    claim:
      'R38 of two logins at once all tabs learn which session counts, and a logout in any of them ends it',
    schedule: of(
      { tabs: 3, storageDelay: 60, mode: 'session', csrf: 'answer', tells: true, rolling: false },
      refreshNow(0, 1),
      login(0, 0, 'bob'),
      opens(),
      login(3, 1, 'bob'),
      reload(3, 220_000),
      logout(0, 1),
    ),
  },
  {
    claim:
      'R01 a page that starts behind an emptied storage does not ask anew for what a sibling has just told it',
    schedule: of(
      { storageEventDelay: 60 },
      hide(),
      { after: 61, do: 'clearStorage' },
      token(0, 300_000),
      opens(1),
      hide(0, 300_000),
    ),
  },
  {
    claim:
      'P6 a write that waits for the session check is not sent by the cookie of who signed in meanwhile on a page of the server',
    schedule: of(
      { seed: 879_602, tabs: 2, ...BY_COOKIE, mode: 'token' },
      request(0, 61),
      prefersSession(),
      write(),
      write(0, 224_216),
      elsewhere(0, 0, 'bob'),
    ),
  },
  {
    claim:
      'P6 a write that is sent again by what a sibling holds is not sent by the cookie of who signs in meanwhile',
    schedule: of(
      { seed: 3, tabs: 2, storage: false, storageEventDelay: 60, ...BY_COOKIE },
      { after: 0, do: 'csrfKey' },
      prefersSession(220_000),
      write(0, 1),
      opens(1),
      login(0, 1, 'bob'),
    ),
  },
  {
    claim: 'P6 a sign-in whose answer a frozen page reads late asks again before it writes',
    schedule: of(
      { tabs: 2, ...BY_COOKIE },
      login(0, 0, 'bob'),
      freeze(0, 1),
      elsewhere(1, 300_000, 'ann'),
      wait(42),
    ),
  },
  {
    claim:
      'R02 the answer to a client that was disposed of does not land over that to the next client of its page',
    schedule: of(
      { seed: 177_302, tabs: 2, storage: false, shareToken: false },
      hide(1, 220_000),
      hide(0, 3000),
      network('slow', 61),
      token(1, 300_000),
      remount(1, 61),
    ),
  },
  {
    claim: 'R102 one new session id that two tabs hear of for themselves, since storage is late, counts once',
    schedule: of(
      {
        seed: 66_004,
        tabs: 3,
        channel: false,
        storageDelay: 60,
        onRace: 'refuse',
        mode: 'token',
        csrf: 'endpoint',
        tells: true,
        rolling: false,
        storageEventDelay: 2000,
      },
      request(0, 0),
      prefersSession(1),
      { after: 300_000, do: 'offline', unnoticed: false },
      write(0, 3000),
      elsewhere(0, 63, 'ann'),
      request(0, 0),
    ),
  },
  {
    claim:
      'R102 who signs in twice within a minute in another tab, which nothing tells of it, has a session id again',
    schedule: of(
      { tabs: 2, channel: false, storage: false },
      login(1, 61),
      request(0, 1),
      login(1, 3000),
      request(0, 61),
    ),
  },
  {
    claim: 'P3 a session check that a logout has aborted is no question any more',
    schedule: of(
      { tabs: 2, shareToken: false, mode: 'session', csrf: 'answer', tells: true, rolling: false },
      reload(0, 3000),
      fault('lostAnswer', 1),
      logout(0, 61),
      login(1),
    ),
  },
  {
    claim:
      'R99 where a cookie is the credential, a page that gets no answer shows nobody, whatever other tabs hold',
    schedule: of(
      { tabs: 2, mode: 'session', csrf: 'answer', tells: true, rolling: false },
      offline(),
      opens(),
      wait(230_000),
    ),
  },
  {
    claim:
      'R99 who was signed in before a link of the server is not shown while the renewal for somebody else fails',
    schedule: of(
      { tabs: 2, locks: false, storageEventDelay: 60 },
      fault('refreshDown', 2, 1),
      link(0, 1, 'bob'),
      wait(10_000),
    ),
  },
  {
    claim:
      'R99 a page that is logged out of before it knows whose the cookie is knows no more for that, and takes nothing older over',
    schedule: of(
      { tabs: 2, storage: false, mode: 'session', csrf: 'answer', tells: true, rolling: false },
      { after: 0, do: 'setClock', ms: -7_200_000 },
      login(0, 1),
      network('slow', 1),
      link(0, 61, 'bob'),
      opens(1),
      logout(2, 61),
    ),
  },
  {
    claim:
      'R38 a logout that crosses the question of the page behind a link of the server wins, though the page before the link held the lock',
    schedule: of(
      { seed: 6, tabs: 2, storage: false, channelDelay: 30 },
      reload(1, 3000),
      link(0, 48, 'bob', 'tab'),
      logout(0, 57),
    ),
  },
  {
    claim:
      'of a link of the server and a sign-in of the page before it that comes too late the cookie that came last wins, and it is undone',
    schedule: of(
      { seed: 1, storage: false, signedIn: false },
      network('slow', 61),
      link(0, 0, 'bob', 'tab'),
      login(0, 7000, 'bob'),
      wait(20_000),
    ),
  },
  {
    claim:
      'R99 a page that has found somebody behind a link of the server, and hears of a failed refresh of the page before it, asks again after the wait',
    schedule: of(
      { tabs: 2 },
      logout(0, 220_000),
      fault('lostAnswer', 1, 61),
      { after: 220_000, do: 'refreshNow', tab: 0 },
      link(0, 582, 'bob', 'tab'),
    ),
  },
]
