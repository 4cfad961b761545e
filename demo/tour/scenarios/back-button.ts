import { auth } from '../../app/auth.js'
import { restLooking } from '../../lab/server.js'
import type { Scenario } from '../scenario.js'
import { pause } from '../stage.js'
import { shop, showing } from '../watch-shop.js'

export const backButton: Scenario = {
  id: 'back-button',
  title: 'Still signed in behind the back button',
  usual:
    'Somebody signs out on one page and presses Back. The browser restores the page before from its memory, with everything on it: the orders, the name, and a token that works.',
  here: 'A restored page stays out of sight until the server has said who is signed in. By then this one knows that nobody is.',
  needsServer: 'A mock lives inside this page, and is frozen with it while another page signs out.',
  async run(stage) {
    location.hash = 'orders'
    const before = await stage.step('Ann looks at her orders', async () => {
      await stage.until('the orders of Ann', () => showing('ann'))
      return stage.sessionsOf('ann')
    })
    const seen = await stage.step(
      'Go to another page, sign out there, and press Back',
      leaveAndReturn,
      ({ frames }) => `restored from memory, ${frames} frames watched`,
    )
    await stage.step('Wait for this page to know', () =>
      stage.until('nobody to be signed in', () => auth.getState().status === 'unauthenticated'),
    )
    const state = auth.getState()
    stage.expect('Frames that showed Ann’s page', seen.private === 0, `${seen.private} of ${seen.frames}`)
    const reason = state.status === 'unauthenticated' ? state.reason : state.status
    stage.expect('Why nobody is signed in', reason === 'logout-elsewhere', reason)
    const ended = before - (await stage.sessionsOf('ann'))
    stage.expect('Sessions ended at the server', ended === 1, ended)
  },
}

const LEFT = 'latchkey-demo:left'

/** Whether this page was loaded anew where it should have come back from memory; asked once. */
export function wasLoadedAnew(): boolean {
  const left = sessionStorage.getItem(LEFT) !== null
  sessionStorage.removeItem(LEFT)
  return left
}

/** What could be seen of the page, frame by frame, from its first one on. */
async function leaveAndReturn(): Promise<{ readonly frames: number; readonly private: number }> {
  restLooking(true)
  await pause(300)
  const restored = new Promise<void>((resolve) =>
    addEventListener('pageshow', ({ persisted }) => persisted && resolve(), { once: true }),
  )
  sessionStorage.setItem(LEFT, 'true')
  location.assign(new URL('away.html', document.baseURI))
  await restored
  sessionStorage.removeItem(LEFT)
  restLooking(false)
  let [frames, visible] = [0, 0]
  for (let after = 0; after < 3; after += auth.getState().status === 'unauthenticated' ? 1 : 0) {
    await new Promise(requestAnimationFrame)
    frames++
    const shown = getComputedStyle(document.body).visibility === 'visible'
    // Not her name, which stands beside the sign-in too, among the accounts to try.
    if (shown && (showing('ann') || shop().querySelector('.shop-user'))) visible++
  }
  return { frames, private: visible }
}
