/*
 * What a browser keeps of its sign-in, in words that do not depend on how it is written down. With `hub.ts`, and beside the
 * tests of the register itself, this is the only file that knows the form: test/repo/forms.test.ts holds the others to it.
 */
import type { FakeBrowser, ManualClock } from './kit.js'

type Entries = Iterable<readonly [key: string, text: string]>

/** A kit, a stage, or the entries of a storage. */
export type Keeper =
  Entries | { readonly browser: FakeBrowser } | { readonly world: { stored(): ReadonlyMap<string, string> } }

export interface StoredSession {
  readonly isSignedIn: boolean
  readonly mode: 'token' | 'session' | undefined
  readonly sessionId: string | undefined
  /** The sessions that somebody has logged out of and the server has still to end. */
  readonly owed: readonly string[]
}

/** Owed where nobody knows the id: whichever session the cookie stands for. */
export const WHICHEVER = ''

/** The name of lock and channel of a client with that key, and what all its keys in the storage begin with. */
export const nameOf = (key: string): string => `latchkey:${key}`

/** Under which a client with that key keeps who is signed in. */
export const registerKey = (key: string): string => `${nameOf(key)}:register`

/** Whether a text that one tab left for another says that somebody is signed in, or that nobody is. */
export const says = (text: string, what: Register['state']): boolean => text.includes(`"state":"${what}"`)

interface Register {
  readonly epoch: readonly [number, string]
  readonly state: 'in' | 'out'
  readonly mode?: 'token' | 'session'
  readonly sessionId?: string
}

function entriesOf(keeper: Keeper): Entries {
  if ('browser' in keeper) return keeper.browser.storage
  return 'world' in keeper ? keeper.world.stored() : keeper
}

const isOfRegister = ([key]: readonly [string, string]): boolean => key.endsWith(':register')
const idOf = ([key]: readonly [string, string]): string | undefined => /^[^:]+:[^:]+:owed:(.*)/.exec(key)?.[1]

function registerOf(keeper: Keeper): { name: string; register: Register } | undefined {
  const [key, text] = [...entriesOf(keeper)].find(isOfRegister) ?? []
  return key === undefined
    ? undefined
    : { name: key.slice(0, -':register'.length), register: JSON.parse(text!) as Register }
}

/** Undefined where nothing is known. */
export function storedSession(keeper: Keeper): StoredSession | undefined {
  const register = registerOf(keeper)?.register
  return (
    register && {
      isSignedIn: register.state === 'in',
      mode: register.mode,
      sessionId: register.sessionId,
      owed: owed(keeper),
    }
  )
}

/** Whether a session that is still to be ended stands under that key. */
export const isRow = (key: string): boolean => idOf([key, '']) !== undefined

/** What the server has still to end, as every page of this browser can read it. */
export const owed = (keeper: Keeper): readonly string[] =>
  [...entriesOf(keeper)].map(idOf).filter((id) => id !== undefined)

/** The name of lock and channel of the client that has stored something there. */
export function storedName(keeper: Keeper): string {
  const found = registerOf(keeper)
  if (!found) throw new Error('Nothing is stored.')
  return found.name
}

/** What another tab stores where a real one would take a race that a test cannot wait for. */
export interface Stores {
  readonly isSignedIn?: boolean
  readonly sessionId?: string
  readonly owed?: readonly string[]
  /** Of what is owed. */
  readonly scope?: 'current' | 'all'
  /** It only brings up to date what was known before: nobody has signed in or out. */
  readonly isSameSignIn?: boolean
  readonly refreshes?: number
}

/** Another tab stores something, a second from now by its clock; the open pages hear of it. */
export function storeAsTab(
  { browser, clock }: { readonly browser: FakeBrowser; readonly clock: ManualClock },
  { isSignedIn = false, owed = [], scope = 'current', isSameSignIn = false, ...more }: Stores,
): void {
  const { name, register } = registerOf({ browser })!
  const state = isSignedIn ? 'in' : 'out'
  const epoch = isSameSignIn ? register.epoch : [Math.max(clock.wall(), register.epoch[0]) + 1000, 'other']
  browser.storage.set(`${name}:register`, JSON.stringify({ ...register, ...more, state, epoch }))
  const isSettled = isSignedIn || isSameSignIn
  for (const row of browser.storage.keys())
    if (isSettled && row.startsWith(`${name}:owed:`)) browser.storage.delete(row)
  for (const id of owed) browser.storage.set(`${name}:owed:${id}`, JSON.stringify([scope, ...epoch]))
  for (const changed of browser.watchers) changed()
}

/** All that is stored of a sign-in, by name: none of it is a secret. */
export const STORED_MEMBERS = ['epoch', 'generation', 'mode', 'reason', 'sessionId', 'state', 'v']

/** Texts in the place of what a client stores which say nothing. */
export const UNREADABLE = [
  '',
  'null',
  '{',
  '[]',
  '{"v":3}',
  '{"v":2,"epoch":[1e99,"x"],"state":"in"}',
  '{"v":2,"epoch":[5,"x"],"state":"root"}',
  'x'.repeat(100_000),
]
