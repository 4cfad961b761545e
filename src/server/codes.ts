import type { OnEvent } from './events.js'
import type { Awaitable, Random } from './ports.js'
import { digest, mac, newId, newSecret, sameText } from './secrets.js'
import type { ServerStore, Stored } from './stores/store.js'
import { createThrottle } from './throttle.js'

/** What `sendCode` gets. Nobody else ever sees the code. */
export interface CodeToSend {
  readonly purpose: string
  readonly userId: string
  /** Where to, as `codes.send` was told. */
  readonly to: string | undefined
  /** Of 43 characters for a link, or of so many digits to be typed. */
  readonly code: string
  /** In ms since 1970. */
  readonly expiresAt: number
}

/** Sends the code, by mail or otherwise. What it rejects with, `codes.send` rejects with. */
export type SendCode = (code: CodeToSend) => Awaitable<void>

export interface SendCodeOptions {
  readonly to?: string | undefined
  /** So many digits to be typed, 6 to 10, in the place of a long code for a link. Five wrong ones spend it. */
  readonly digits?: number | undefined
  /** How long it is good, in ms, a day at most. Default: 15 minutes. */
  readonly expiresMs?: number | undefined
}

export type SpentCode =
  | { readonly ok: true; readonly userId: string; readonly to: string | undefined }
  /** Never made, for something else, expired, spent, or of before an end of all his sessions: it is not said which. */
  | { readonly ok: false }

export interface AuthServerCodes {
  /**
   * Makes a code that is good once, for this user and this purpose, and has `sendCode` send it. What the person is told must not depend on it, or the
   * page tells who has an account. At most five an hour, then `sent` is false.
   *
   * @throws {TypeError} Without `sendCode`, and for options that are none.
   */
  send(
    purpose: string,
    userId: string,
    options?: SendCodeOptions,
  ): Promise<
    { readonly sent: true; readonly expiresAt: number } | { readonly sent: false; readonly retryAt: number }
  >
  /** Whose it is, and spends nothing: for the page that a link opens, which mail scanners open too. Long codes only. */
  read(purpose: string, code: string): Promise<SpentCode>
  /** Spends it, for a POST: of all who show it, wherever they are, one gets `ok`. With `userId` it is one of digits. */
  spend(purpose: string, code: string, userId?: string): Promise<SpentCode>
}

/** As it is in the store: the code itself is not there. */
interface CodeRow {
  readonly userId: string
  readonly to?: string
  /** Of the user: when all his sessions end, so do his codes. */
  readonly generation: number
  readonly expiresAt: number
  /** Of one of digits, whose guesses are counted under the id as long as it is good. */
  readonly guarded?: { readonly id: string; readonly mac: string; readonly expiresMs: number }
  readonly spent?: true
}

const EXPIRES_MS = 15 * 60_000
const HOUR_MS = 60 * 60_000
/** A store remembers that all sessions of a user have ended for a day, also where he has none. */
const LONGEST_MS = 24 * HOUR_MS
const MOST_SENT = 5
const MOST_GUESSES = 5
/** How often another one for the same user may be faster. */
const TRIES = 5
const NO: SpentCode = { ok: false }

/** Single-use codes, kept as hashes. Digits are few enough to be guessed, so theirs are made with a key that is not in the store. */
export function createCodes(
  {
    store,
    random,
    emit,
    keys,
  }: { store: ServerStore; random: Random; emit: OnEvent; keys: readonly string[] },
  sendCode: SendCode | undefined,
): AuthServerCodes {
  const keyOfLong = (purpose: string, code: string): string => `code:${digest(`${purpose} ${code}`)}`
  const keyOfDigits = (purpose: string, userId: string): string => `code:${purpose}:${digest(userId)}`
  const macOf = (key: string, id: string, code: string): string => mac(key, `${id} ${code}`)

  const ofSends = createThrottle(store, 'codes', MOST_SENT, HOUR_MS)
  const rowOf = (value: string): CodeRow => JSON.parse(value) as CodeRow

  const answer = async ({ userId, to, generation }: CodeRow): Promise<SpentCode> => {
    const isOutdated = (await store.userGeneration(userId)).generation > generation
    return isOutdated ? NO : { ok: true, userId, to }
  }

  /** Gives what was there before. */
  const keep = async (key: string, row: CodeRow): Promise<Stored | undefined> => {
    for (let tried = 0; tried < TRIES; tried++) {
      const before = await store.get(key)
      const put = { ifVersion: before?.version, expiresAt: row.expiresAt }
      if (await store.put(key, JSON.stringify(row), put)) return before
    }
    throw new Error('Failed to keep the code: others were made for the same user at the same time.')
  }

  /** The mail did not go out: what the person has from the one before stays good. */
  const putBack = async (key: string, row: CodeRow, before: Stored | undefined): Promise<void> => {
    const now = await store.get(key)
    if (now?.value !== JSON.stringify(row)) return
    if (before === undefined) await store.take(key)
    else
      await store.put(key, before.value, { ifVersion: now.version, expiresAt: rowOf(before.value).expiresAt })
  }

  const spendLong = async (key: string): Promise<SpentCode> => {
    const stored = await store.get(key)
    // Asked before it is taken: where that fails, the code is still there.
    const spent = stored === undefined ? NO : await answer(rowOf(stored.value))
    return spent.ok && (await store.take(key)) === undefined ? NO : spent
  }

  const spendDigits = async (key: string, code: string): Promise<SpentCode> => {
    const stored = await store.get(key)
    const row = stored && rowOf(stored.value)
    if (stored === undefined || row?.guarded === undefined || row.spent) return NO
    const { id, mac: made, expiresMs } = row.guarded
    // Counted before it is compared, so that many guesses at once are no way round.
    const { count } = await store.count(`guesses:${id}`, expiresMs)
    if (count > MOST_GUESSES || !keys.some((one) => sameText(macOf(one, id, code), made))) return NO
    const spent = await answer(row)
    const put = { ifVersion: stored.version, expiresAt: row.expiresAt }
    // Of those that compare at once one writes, and a newer code is left alone.
    return spent.ok && (await store.put(key, JSON.stringify({ ...row, spent: true }), put)) ? spent : NO
  }

  return {
    async send(purpose, userId, { to, digits, expiresMs = EXPIRES_MS } = {}) {
      check(purpose, digits, expiresMs)
      if (sendCode === undefined) {
        throw new TypeError('codes.send() needs the option "sendCode": createAuthServer({ sendCode, … }).')
      }
      const attempt = await ofSends(`${purpose} ${userId}`)
      if (attempt.wait > 0) return { sent: false, retryAt: attempt.endsAt }
      const { generation, now } = await store.userGeneration(userId)
      const expiresAt = Math.ceil(now) + expiresMs
      const code = digits === undefined ? newSecret(random) : newDigits(random, digits)
      const key = digits === undefined ? keyOfLong(purpose, code) : keyOfDigits(purpose, userId)
      const id = newId(random)
      const guarded = { id, mac: macOf(keys[0] ?? '', id, code), expiresMs }
      const row: CodeRow = {
        userId,
        ...(to !== undefined && { to }),
        generation,
        expiresAt,
        ...(digits !== undefined && { guarded }),
      }
      const before = await keep(key, row)
      try {
        await sendCode({ purpose, userId, to, code, expiresAt })
      } catch (error) {
        await putBack(key, row, before).catch(() => undefined)
        await attempt.forgive().catch(() => undefined)
        throw error
      }
      emit({ type: 'code-sent', purpose, userId })
      return { sent: true, expiresAt }
    },

    async read(purpose, code) {
      check(purpose)
      const stored = await store.get(keyOfLong(purpose, code))
      return stored === undefined ? NO : answer(rowOf(stored.value))
    },

    async spend(purpose, code, userId) {
      check(purpose)
      const spent = await (userId === undefined
        ? spendLong(keyOfLong(purpose, code))
        : spendDigits(keyOfDigits(purpose, userId), code))
      emit(
        spent.ok
          ? { type: 'code-spent', purpose, userId: spent.userId }
          : { type: 'code-refused', purpose, userId },
      )
      return spent
    },
  }
}

/** So many digits, each as likely as any other. */
function newDigits(random: Random, digits: number): string {
  let text = ''
  while (text.length < digits) {
    // Of 256 values the last six would make some digits likelier.
    for (const byte of random.bytes(digits)) if (byte < 250 && text.length < digits) text += String(byte % 10)
  }
  return text
}

function check(purpose: string, digits?: number, expiresMs = EXPIRES_MS): void {
  if (typeof purpose !== 'string' || !/^[\w-]{1,64}$/.test(purpose)) {
    throw new TypeError('A purpose is a name of letters, digits, "-" and "_", such as "password-reset".')
  }
  if (digits !== undefined && !(Number.isSafeInteger(digits) && digits >= 6 && digits <= 10)) {
    throw new TypeError('"digits" must be 6 to 10.')
  }
  if (!Number.isSafeInteger(expiresMs) || expiresMs <= 0 || expiresMs > LONGEST_MS) {
    throw new TypeError('"expiresMs" must be a whole number of milliseconds above 0, a day at most.')
  }
}
