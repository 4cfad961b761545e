import type { Loaded } from '../../lab/commands.js'
import { server } from '../../lab/server.js'
import { answersOf, type Scenario } from '../scenario.js'

const EACH = 20

const sum = (loaded: readonly Loaded[], status: number): number =>
  loaded.reduce((total, { statuses }) => total + (statuses[status] ?? 0), 0)

export const storm: Scenario = {
  id: 'storm',
  title: 'A storm of 401s',
  usual:
    'A dashboard opens, twenty requests find the token expired, and each of them refreshes for itself: twenty refreshes, nineteen of them with a used cookie, and an API that blocks the address.',
  here: 'All of them wait for one refresh, in all tabs, and are sent once more with the new token.',
  async run(stage) {
    const other = await stage.step('Open a second tab', () => stage.open())
    await stage.step('Let every token that is out die at the server', async () => {
      await stage.here.do('refresh')
      await server.act('expire')
    })
    let loaded: Loaded[] = []
    const counted = await stage.counted(async () => {
      loaded = await stage.step(
        `Send ${EACH} requests from each tab at once`,
        () => Promise.all([stage.here.do('load', EACH), other.do('load', EACH)]),
        (all) => all.map((one) => answersOf(one)).join(' and '),
      )
    })
    stage.expect('Answered with 200', sum(loaded, 200) === 2 * EACH, `${sum(loaded, 200)} of ${2 * EACH}`)
    stage.expect('Renewals at the server', counted.renewals === 1, counted.renewals)
    stage.expect('401s the app has seen', sum(loaded, 401) === 0, sum(loaded, 401))
    const most = 2 * EACH
    stage.expect(
      '401s the server gave, each replayed once',
      counted.unauthorized <= most,
      counted.unauthorized,
    )
  },
}
