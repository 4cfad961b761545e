import type { Mode, ServedMode } from '../../server/modes.js'
import { newId } from '../../server/secrets.js'
import type { Services } from '../../server/server.js'
import type { Session } from '../../server/records.js'
import type { BackendSettings } from './settings.js'
import { normalizeEmail, publicUser, type PublicUser, type User } from './users.js'

export interface NewUser {
  /** Default: a random one. */
  id?: string | undefined
  email: string
  password: string
  /** Default: the e-mail address. */
  name?: string | undefined
  /** Each role is a scope as well. Default: none. */
  roles?: readonly string[] | undefined
}

/**
 * What the people who run the backend can do. `setPassword`, `ban`, `unban` and `setRoles` reject with a
 * `RangeError` for an unknown user; there is nothing to end for one.
 */
export interface Admin {
  addUser(user: NewUser): Promise<PublicUser>
  /** Ends all sessions of the user too. */
  setPassword(userId: string, password: string): Promise<void>
  /** Ends all sessions with `user_disabled` and refuses new ones. */
  ban(userId: string): Promise<void>
  unban(userId: string): Promise<void>
  /**
   * In the access token from the next refresh on; with a revocation strategy the old token dies at once. A
   * cookie session has the new roles at once, and its next call gets a new `sid`.
   */
  setRoles(userId: string, roles: readonly string[]): Promise<void>
  endSession(sessionId: string): Promise<void>
  endAllSessions(userId: string): Promise<void>
  rotateSigningKeys(): Promise<void>
  /** Every CSRF token handed out so far is refused from now on. */
  rotateCsrfKey(): void
  /** What the backend serves from now on, and with `'both'` what it gives; see `BackendOptions.mode`. */
  setMode(mode: ServedMode, prefer?: Mode): void
  /** The sessions that live, of one user or of all. */
  listSessions(userId?: string): Promise<readonly Session[]>
}

export function createAdmin(
  { modes, passwordHash, random, signer, users }: BackendSettings,
  { sessions, csrf }: Services,
): Admin {
  const find = async (userId: string): Promise<User> => {
    const user = await users.find(userId)
    if (user === undefined) throw new RangeError(`Failed to find the user "${userId}": add it first`)
    return user
  }
  const change = async (userId: string, changes: Partial<User>): Promise<void> => {
    await users.save({ ...(await find(userId)), ...changes })
  }

  return {
    async addUser({ id = newId(random), email, password, name = email, roles = [] }) {
      const user: User = {
        id,
        email: normalizeEmail(email),
        name,
        roles,
        passwordHash: await passwordHash.hash(password),
        disabled: false,
      }
      await users.save(user)
      return publicUser(user)
    },
    async setPassword(userId, password) {
      await change(userId, { passwordHash: await passwordHash.hash(password) })
      await sessions.endAll(userId, 'session_revoked', 'admin')
    },
    async ban(userId) {
      await change(userId, { disabled: true })
      await sessions.endAll(userId, 'user_disabled', 'admin')
    },
    unban: (userId) => change(userId, { disabled: false }),
    async setRoles(userId, roles) {
      await change(userId, { roles })
      await sessions.renewAll(userId)
    },
    endSession: async (sessionId) => void (await sessions.end(sessionId, 'session_revoked', 'admin')),
    endAllSessions: (userId) => sessions.endAll(userId, 'session_revoked', 'admin'),
    async rotateSigningKeys() {
      await signer.rotate()
    },
    rotateCsrfKey: () => csrf.rotateKey(),
    setMode: (mode, prefer) => modes.set(mode, prefer),
    async listSessions(userId) {
      const ids = userId === undefined ? (await users.all()).map(({ id }) => id) : [userId]
      return (await Promise.all(ids.map((id) => sessions.live(id)))).flat()
    },
  }
}
