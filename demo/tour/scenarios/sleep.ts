import { server } from '../../lab/server.js'
import { answersOf, type Scenario } from '../scenario.js'

const SLEEP_MS = 10 * 60_000

export const sleep: Scenario = {
  id: 'sleep',
  title: 'A stale token after the lid was closed',
  usual:
    'The timer that was to renew the token slept with the machine. On waking, the app sends a token that ended hours ago, shows an error, or gives up and shows the sign-in page.',
  here: 'A token’s age is judged by two clocks when it is used, not by a timer. What is stale is renewed first, and the server never sees it.',
  async run(stage) {
    const other = await stage.step('Open a second tab', () => stage.open())
    await stage.step('Sleep ten minutes: both clocks go on, no timer fires', async () => {
      await stage.here.do('refresh')
      await Promise.all([stage.here.do('sleep', SLEEP_MS), other.do('sleep', SLEEP_MS), server.act('skew')])
    })
    let answers: string[] = []
    const counted = await stage.counted(async () => {
      answers = await stage.step(
        'Both tabs wake and ask for orders',
        async () =>
          (await Promise.all([stage.here.do('load', 1), other.do('load', 1)])).map((loaded) =>
            answersOf(loaded),
          ),
        (all) => all.join(' and '),
      )
    })
    stage.expect('Answers', answers.join() === '200,200', answers.join(' and '))
    stage.expect('Stale tokens the server was sent', counted.unauthorized === 0, counted.unauthorized)
    stage.expect('Renewals at the server', counted.renewals === 1, counted.renewals)
  },
}
