/* Schedules as they are written by hand: each step says in which tab, and how many milliseconds after the one before. */
import type { FAULTS, NETWORKS, Schedule, Setting, Step, TabAct, User } from './schedule.js'
import { WHOLE } from './schedule.js'

export function of(setting: Partial<Setting>, ...steps: Step[]): Schedule {
  return { seed: 0, tabs: 1, ...WHOLE, ...setting, steps }
}

type PlainAct = Exclude<TabAct, { do: 'login' | 'exchange' | 'logout' | 'elsewhere' | 'link' }>['do']

const act =
  (name: PlainAct) =>
  (tab = 0, after = 0): Step => ({ after, do: name, tab })
export const token = act('token')
export const request = act('request')
export const foreign = act('foreign')
export const write = act('write')
export const refreshNow = act('refreshNow')
export const reload = act('reload')
export const leave = act('leave')
export const back = act('back')
export const freeze = act('freeze')
export const hide = act('hide')
export const remount = act('remount')
export const login = (tab = 0, after = 0, user: User = 'ann'): Step => ({ after, do: 'login', tab, user })
export const exchange = (tab = 0, after = 0, user: User = 'ann', says: 'who' | 'nothing' = 'who'): Step => ({
  after,
  do: 'exchange',
  tab,
  user,
  says,
})
export const logout = (tab = 0, after = 0): Step => ({ after, do: 'logout', tab, scope: 'current' })
export const elsewhere = (tab: number, after: number, user: User): Step => ({
  after,
  do: 'elsewhere',
  tab,
  user,
})

export const link = (
  tab: number,
  after: number,
  user: User | 'nobody',
  opens: 'here' | 'tab' = 'here',
): Step => ({ after, do: 'link', tab, user, opens })

export const opens = (after = 0): Step => ({ after, do: 'open', how: 'visible' })
export const wait = (after: number): Step => ({ after, do: 'wait' })
export const offline = (after = 0): Step => ({ after, do: 'offline', unnoticed: false })
export const network = (profile: keyof typeof NETWORKS, after = 0): Step => ({
  after,
  do: 'network',
  profile,
})
export const fault = (name: keyof typeof FAULTS, times: number, after = 0): Step => ({
  after,
  do: 'fault',
  fault: name,
  times,
})
