import { auth } from '../../app/auth.js'
import { server } from '../../lab/server.js'
import { answersOf, type Scenario } from '../scenario.js'

export const outage: Scenario = {
  id: 'outage',
  title: 'Signed out by a 503',
  usual:
    'A deployment answers the refresh with 503 for a few seconds. The client takes every failed refresh for a no, clears the session, and everybody who was online has to sign in again.',
  here: 'Only a refusal in the words of the contract ends a session. Anything else keeps it, backs off, and tries again; the token that is still good goes on working.',
  async run(stage) {
    const other = await stage.step('Open a second tab', () => stage.open())
    await stage.step('The server answers every call with 503', () => server.answer('503'))
    await stage.step(
      'Ask for a new token',
      () =>
        stage.here.do('refresh').then(
          () => Promise.reject(new Error('There was a new token after all.')),
          () => {},
        ),
      () => 'none came',
    )
    const states = await Promise.all([stage.here.do('state'), other.do('state')])
    const signedIn = states.filter(({ user }) => user === 'ann').length
    stage.expect('Tabs signed in during the outage', signedIn === 2, `${signedIn} of 2`)
    const { connection } = auth.getState()
    stage.expect('What the app can tell people', connection === 'degraded', `connection: ${connection}`)
    await stage.step('The server is back: wait for the client to notice', async () => {
      await server.answer('normal')
      await stage.until('a new token', () => auth.getState().connection === 'ok')
    })
    const loaded = await stage.step('Ask for orders', () => stage.here.do('load', 1), answersOf)
    stage.expect('Answer after the outage', answersOf(loaded) === '200', answersOf(loaded))
    const again = (await stage.here.do('state')).user
    stage.expect('Signed in after it, without a password', again === 'ann', again === 'ann' ? 'yes' : 'no')
  },
}
