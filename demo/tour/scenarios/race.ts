import { server } from '../../lab/server.js'
import { answersOf, type Scenario } from '../scenario.js'

export const race: Scenario = {
  id: 'race',
  title: 'Signed out because two tabs raced',
  usual:
    'Two tabs find their token expired and both send the same refresh cookie. The second one has been used by then, which looks like theft: the server ends the session, and both tabs show the sign-in page.',
  here: 'One tab takes the lock and asks. The other waits for the lock, finds the new token there, and asks nobody.',
  async run(stage) {
    const other = await stage.step('Open a second tab', () => stage.open())
    await stage.step('Let every token that is out die at the server', async () => {
      await stage.here.do('refresh')
      await server.act('expire')
    })
    let answers: string[] = []
    const counted = await stage.counted(async () => {
      answers = await stage.step(
        'Both tabs ask for orders in the same moment',
        async () =>
          (await Promise.all([stage.here.do('load', 1), other.do('load', 1)])).map((loaded) =>
            answersOf(loaded),
          ),
        (all) => all.join(' and '),
      )
    })
    const states = await Promise.all([stage.here.do('state'), other.do('state')])
    stage.expect('Renewals at the server', counted.renewals === 1, counted.renewals)
    stage.expect('Cookies that came twice', counted.reused === 0, counted.reused)
    stage.expect('Answers', answers.join() === '200,200', answers.join(' and '))
    const signedIn = states.filter(({ user }) => user === 'ann').length
    stage.expect('Tabs still signed in', signedIn === 2, `${signedIn} of 2`)
  },
}
