import { auth } from '../../app/auth.js'
import { server } from '../../lab/server.js'
import { answersOf, type Scenario } from '../scenario.js'
import { pause } from '../stage.js'
import { showing, watchShop } from '../watch-shop.js'

export const otherUser: Scenario = {
  id: 'other-user',
  title: 'Somebody else’s data on the screen',
  usual:
    'Ann has two tabs open. In one of them she signs out and Ada signs in. The other tab goes on with Ada’s cookie under Ann’s name: her orders stay in the cache, and what she had begun to save is written as Ada.',
  here: 'Another user is never taken over in silence. What runs for Ann is stopped, her data is cleared away, and only then is Ada shown.',
  async run(stage) {
    location.hash = 'orders'
    const other = await stage.step('Open a second tab; here, Ann looks at her orders', async () => {
      await stage.until('the orders of Ann', () => showing('ann'))
      return stage.open()
    })
    const running = await stage.step('Ann asks for something that takes a while', async () => {
      await server.answer('stuck')
      const asked = stage.here.do('load', 1)
      await pause(200)
      await server.answer('normal')
      return { asked }
    })
    const mixed = watchShop((shop) => shop.textContent.includes('Ada Moss') && showing('ann'))
    await stage.step('In the second tab, Ada signs in', () => other.do('login', 'ada'))
    const asked = await running.asked
    await stage.step('Wait for this tab to follow', async () => {
      await stage.until('Ada to be signed in here', () => {
        const state = auth.getState()
        return state.status === 'authenticated' && state.user.id === 'ada'
      })
      await stage.until('the orders of Ada', () => showing('ada'))
    })
    stage.expect('The request that ran for Ann', answersOf(asked) === 'session_changed', answersOf(asked))
    const times = mixed.stop()
    stage.expect('Times Ann’s rows stood under Ada’s name', times === 0, times)
    const loaded = await stage.here.do('load', 1)
    stage.expect('Whose orders this tab gets now', loaded.owner === 'ada', loaded.owner ?? 'nobody’s')
  },
}
