import { Refusal } from './answers.js'
import type { Settings } from './settings.js'
import type { User } from './store.js'
import { createThrottle } from './throttle.js'

/** The user with this e-mail address and password; a refusal otherwise. */
export type CheckPassword = (email: string, password: string, address: string | undefined) => Promise<User>

/** Long enough for any passphrase, short enough that hashing one is no attack. */
const LONGEST_PASSWORD = 1024

export function createPasswordCheck({ clock, passwordHash, store, throttle }: Settings): CheckPassword {
  const perAccount = createThrottle(clock, throttle.perAccount, throttle.windowMs)
  const perAddress = createThrottle(clock, throttle.perAddress, throttle.windowMs)

  return async (email, password, address) => {
    if (password.length > LONGEST_PASSWORD) throw new Refusal(400, 'invalid_request')
    const account = normalizeEmail(email)

    // Attempts count before the hash is computed, so that many at once are no way round, and whether or not
    // the account exists, so that the throttle does not tell. Who is stopped by his address cannot lock
    // others out of their accounts.
    const wait = (address === undefined ? 0 : perAddress.attempt(address)) || perAccount.attempt(account)
    if (wait > 0) {
      throw new Refusal(429, 'too_many_attempts', { headers: { 'Retry-After': String(wait) } })
    }

    const user = await store.userByEmail(account)
    const matches = await passwordHash.verify(password, user?.passwordHash ?? passwordHash.decoy)
    if (user === undefined || !matches) throw new Refusal(401, 'invalid_credentials')

    perAccount.forgive(account)
    if (address !== undefined) perAddress.forgive(address)
    // Only who knows the password learns that the account is closed.
    if (user.disabled) throw new Refusal(403, 'user_disabled')
    return user
  }
}

export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase()
}
