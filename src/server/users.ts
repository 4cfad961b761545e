import { unavailable } from './answers.js'
import type { Awaitable } from './ports.js'

/** A user as the application knows him. Other members of the object are not looked at and leave the server nowhere. */
export interface AuthUser {
  readonly id: string
  /** What he may do: said in the access token, and asked for by `authenticate`. Default: none. */
  readonly scopes?: readonly string[] | undefined
  /** Whether the account is closed: no sign-in, and `user_disabled` for his sessions. Default: false. */
  readonly disabled?: boolean | undefined
  /** What the page may know of him beside the id. Default: nothing. */
  readonly profile?: Readonly<Record<string, unknown>> | undefined
}

/** Rejects where it cannot know; undefined means that there is no such user. */
export type FindUser = (id: string) => Awaitable<AuthUser | undefined>

/** What fails in the application is no reason to sign anybody out. */
export function guardFindUser(find: FindUser, onFault: (error: unknown) => void): FindUser {
  return async (id) => {
    try {
      const user = await find(id)
      if (user === undefined || user === null) return undefined
      if (user.id !== id) throw new TypeError(`findUser was asked for one user and gave another`)
      return user
    } catch (error) {
      onFault(error)
      throw unavailable()
    }
  }
}

export const scopesOf = ({ scopes = [] }: AuthUser): readonly string[] => scopes

/** What a page is told of a user. */
export const publicUser = ({ id, profile = {} }: AuthUser): Readonly<Record<string, unknown>> => ({
  ...profile,
  id,
})
