/* What the machines, and who starts them, agree about. */
import type { KeySetOptions } from 'latchkey/server'

/** Ways of revoking: a server each, below a path of that name. */
export const KINDS = ['deny-list', 'version', 'reference', 'session'] as const
export type Kind = (typeof KINDS)[number]

export const PASSWORD = 'difference engine'

/** Where the rows are. `mark` keeps them apart from those of others. */
export interface Place {
  readonly database: 'postgres' | 'redis'
  readonly url: string
  readonly mark: string
}

/** What a process is started with. */
export interface Deployment {
  readonly origin: string
  readonly place: Place
  readonly secrets: readonly string[]
  readonly keys: KeySetOptions
}

/** What people who run it do at one of the machines. */
export type Act = 'endAll' | 'ban' | 'list' | 'seen'

/** What a process has seen since it was started. */
export interface Seen {
  /** How many passwords it looked at. */
  looked: number
  readonly faults: string[]
  /** How often it renewed the cookie of each session. */
  readonly rotated: Record<string, number>
}
