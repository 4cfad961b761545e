import type { Awaitable } from '../../server/ports.js'
import type { AuthUser } from '../../server/users.js'

/** A user of the reference backend, whose people are its own. */
export interface User {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly roles: readonly string[]
  readonly passwordHash: string
  readonly disabled: boolean
}

/** Where the reference backend keeps its people. */
export interface Users {
  find(id: string): Awaitable<User | undefined>
  byEmail(email: string): Awaitable<User | undefined>
  all(): Awaitable<readonly User[]>
  save(user: User): Awaitable<void>
}

export interface PublicUser {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly roles: readonly string[]
}

export function createMemoryUsers(): Users {
  const users = new Map<string, User>()
  return {
    find: (id) => users.get(id),
    byEmail: (email) => [...users.values()].find((user) => user.email === email),
    all: () => [...users.values()],
    save: (user) => void users.set(user.id, user),
  }
}

const SCOPES_OF_ALL = ['orders', 'profile']

/** The user as the server knows him. Each role is a scope as well. */
export function authUser({ id, disabled, email, name, roles }: User): AuthUser {
  return { id, disabled, scopes: [...SCOPES_OF_ALL, ...roles], profile: { email, name, roles } }
}

export function publicUser({ id, email, name, roles }: User): PublicUser {
  return { id, email, name, roles }
}

export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase()
}
