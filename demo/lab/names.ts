import { peers } from './peers.js'

const KEY = 'latchkey-demo:names'

/** Numbers of the tabs by their names in diagnostic entries, those included that are closed or were loaded anew. */
const numbers = restored()

function restored(): Map<string, number> {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as [string, number][])
  } catch {
    return new Map()
  }
}

function learn(): void {
  const before = numbers.size
  for (const { client, number } of peers.all()) if (client !== undefined) numbers.set(client, number)
  if (numbers.size === before) return
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...numbers].slice(-50)))
  } catch {
    // Where storage is blocked, a reload forgets them.
  }
}
peers.subscribe(learn)

export const nameOf = (tab: string): string => {
  learn()
  const number = numbers.get(tab)
  return number === undefined ? 'A tab' : `Tab ${number}`
}

export const laneOf = (tab: string): number => (numbers.get(tab) ?? 1) - 1
