import { log } from '../../lab/log.js'
import { server } from '../../lab/server.js'
import type { Scenario } from '../scenario.js'

export const offlineLogout: Scenario = {
  id: 'offline-logout',
  title: 'Signed in again after signing out offline',
  usual:
    'Signing out without a network clears the page, but the server never hears of it and the cookie stays. The next reload restores the session in silence, for whoever sits there by then.',
  here: 'The browser remembers that the sign-out is still to be delivered. No page restores that session, and the server is told as soon as it answers.',
  async run(stage) {
    const before = await stage.sessionsOf('ann')
    await stage.step('Cut the connection', () => server.answer('offline'))
    await stage.step(
      'Sign out',
      () => stage.here.do('logout'),
      (told) => (told === 'pending' ? 'the server does not know yet' : 'the server knows'),
    )
    const loaded = await stage.step('Load the app anew, still offline', () => stage.open())
    const offline = await loaded.do('state')
    stage.expect('A page loaded while offline', offline.status === 'unauthenticated', offline.status)
    const began = Date.now()
    await stage.step('The network is back', async () => {
      await server.answer('normal')
      dispatchEvent(new Event('online'))
      await stage.until('the sign-out to be delivered', () =>
        log.entries().some(({ type, at }) => type === 'logout.confirmed' && at >= began),
      )
    })
    const again = await stage.step('Load the app once more', () => stage.open())
    const online = await again.do('state')
    stage.expect('A page loaded afterwards', online.status === 'unauthenticated', online.status)
    const ended = before - (await stage.sessionsOf('ann'))
    stage.expect('Sessions ended at the server', ended === 1, ended)
  },
}
