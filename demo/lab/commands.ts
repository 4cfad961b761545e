import type { AuthState, Mode } from 'latchkey'
import { isAuthError } from 'latchkey'
import { auth, type User } from '../app/auth.js'
import { setAhead } from '../app/page-clock.js'
import { ACCOUNTS, type Account } from '../shared/accounts.js'

export interface Loaded {
  /** Statuses of the answers, by number. */
  readonly statuses: Readonly<Record<number, number>>
  /** Codes of those that were rejected, by number. */
  readonly errors: Readonly<Record<string, number>>
  /** The account whose orders came; undefined where none did. */
  readonly owner: string | undefined
}

/** A state as it can travel: what it says now, and who it is about. */
export interface Told {
  readonly status: AuthState['status']
  readonly reason: string | undefined
  readonly connection: AuthState['connection']
  readonly user: string | undefined
  readonly session: string | undefined
  readonly mode: Mode | undefined
  readonly expiresAt: number | undefined
}

/** What a tab can be asked to do by another one: no more than what its own buttons do. */
export const COMMANDS = {
  state: async (): Promise<Told> => told(await auth.ready()),
  async login(id: string): Promise<Told> {
    const { email, password } = accountOf(id)
    return told(await auth.login({ email, password }))
  },
  logout: async (): Promise<'confirmed' | 'pending'> => (await auth.logout()).server,
  refresh: async (): Promise<Told> => told(await auth.refresh({ force: true })),
  async load(times: number): Promise<Loaded> {
    const statuses: Record<number, number> = {}
    const errors: Record<string, number> = {}
    let owner: string | undefined
    const one = async (): Promise<void> => {
      try {
        const answer = await auth.fetch('/api/orders')
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
        if (answer.ok)
          owner = ((await answer.json()) as { orders: { id: string }[] }).orders[0]?.id.split('-')[0]
      } catch (error) {
        const code = isAuthError(error) ? error.code : 'network'
        errors[code] = (errors[code] ?? 0) + 1
      }
    }
    await Promise.all(Array.from({ length: times }, one))
    return { statuses, errors, owner }
  },
  /** Puts the clock of the page so many milliseconds ahead of the machine's. No timer fires for it, as in sleep. */
  sleep: async (milliseconds: number): Promise<void> => setAhead(milliseconds),
} as const

export type Commands = typeof COMMANDS
export type Command = keyof Commands

export function told(state: AuthState<User>): Told {
  const signedIn = state.status === 'authenticated'
  return {
    status: state.status,
    reason: state.status === 'unauthenticated' ? state.reason : undefined,
    connection: state.connection,
    user: signedIn ? state.user.id : undefined,
    session: signedIn ? state.sessionId : undefined,
    mode: signedIn ? state.mode : undefined,
    expiresAt: signedIn ? state.expiresAt : undefined,
  }
}

function accountOf(id: string): Account {
  const found = ACCOUNTS.find((account) => account.id === id)
  if (!found) throw new RangeError(`There is no account "${id}"`)
  return found
}
