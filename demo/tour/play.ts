import { auth } from '../app/auth.js'
import { isStatic } from '../app/place.js'
import { COMMANDS } from '../lab/commands.js'
import { server } from '../lab/server.js'
import { tourRuns } from './run.js'
import type { Scenario } from './scenario.js'
import { wasLoadedAnew } from './scenarios/back-button.js'
import { createStage } from './stage.js'

// One at a time, since all have the one server.
let playing: { readonly id: string; readonly stop: () => void } | undefined

export const canPlay = ({ needsServer }: Scenario): boolean => !isStatic || needsServer === undefined

/** Plays a scenario to its end, whatever that is. */
export async function play(scenario: Scenario): Promise<void> {
  if (playing || !canPlay(scenario)) return
  const { id } = scenario
  const controller = new AbortController()
  const stage = createStage(id, controller.signal)
  playing = { id, stop: () => controller.abort(new Error('Stopped.')) }
  tourRuns.begin(id)
  let problem: string | undefined
  try {
    await stage.step('Sign in as Ann', signInAsAnn)
    await scenario.run(stage)
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error)
  }
  await stage.clear().catch((error: unknown) => (problem ??= String(error)))
  playing = undefined
  tourRuns.update(id, (run) => ({
    ...run,
    problem,
    state: verdictOf(controller.signal, problem, run.findings),
  }))
}

export const stopPlaying = (): void => playing?.stop()

const PLAYING_ALL = 'latchkey-demo:playing-all'

/** Plays one after the other, until somebody stops it; `show` is told which one begins. */
export async function playAll(scenarios: readonly Scenario[], show: (id: string) => void): Promise<void> {
  // For the page that comes next, where the browser keeps no copy of this one.
  sessionStorage.setItem(PLAYING_ALL, 'true')
  for (const scenario of scenarios) {
    show(scenario.id)
    await play(scenario)
    if (tourRuns.get().get(scenario.id)?.state === 'stopped') break
  }
  sessionStorage.removeItem(PLAYING_ALL)
}

/** Says so where the page came back from another one, and the browser had kept no copy of it; gives the scenario that says it. */
export function resumeTour(): string | undefined {
  const all = sessionStorage.getItem(PLAYING_ALL) !== null
  sessionStorage.removeItem(PLAYING_ALL)
  if (!wasLoadedAnew()) return undefined
  const problem =
    'This browser kept no copy of the page: it was loaded anew, and nobody is signed in. So there was nothing to see behind the back button.'
  const rest = all ? ' What was to play all ended with the page: play the ones below by themselves.' : ''
  tourRuns.update('back-button', (run) => ({ ...run, state: 'stopped', problem: problem + rest }))
  return 'back-button'
}

async function signInAsAnn(): Promise<void> {
  const { people, mode } = await server.answer('normal')
  if (people.some(({ id, banned }) => id === 'ann' && banned)) await server.act('unban', 'ann')
  // The tour is about tokens: a cookie session has no refresh to go wrong.
  if (mode !== 'token') await server.mode('token')
  const state = await auth.ready()
  if (state.status !== 'authenticated' || state.user.id !== 'ann') await COMMANDS.login('ann')
  else if (state.mode !== 'token') await auth.refresh({ force: true })
}

function verdictOf(
  signal: AbortSignal,
  problem: string | undefined,
  findings: readonly { readonly held: boolean }[],
): 'held' | 'broken' | 'stopped' {
  if (signal.aborted) return 'stopped'
  return problem === undefined && findings.every(({ held }) => held) ? 'held' : 'broken'
}
