import type { PasswordHash } from '../../server/ports.js'
import { done, refuse, type SignIn } from '../../server/sign-in.js'
import { normalizeEmail, type Users } from './users.js'

/** Long enough for any passphrase, short enough that hashing one is no attack. */
const LONGEST_PASSWORD = 1024

/** Sign-in by e-mail address and password. */
export function createPasswordSignIn(users: Users, passwordHash: PasswordHash): SignIn {
  return async ({ body: { email, password } }) => {
    if (typeof email !== 'string' || typeof password !== 'string') return refuse('invalid_request', 400)
    if (password.length > LONGEST_PASSWORD) return refuse('invalid_request', 400)
    const user = await users.byEmail(normalizeEmail(email))
    const matches = await passwordHash.verify(password, user?.passwordHash ?? passwordHash.decoy)
    return user !== undefined && matches ? done(user) : refuse('invalid_credentials')
  }
}
