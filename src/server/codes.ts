import type { OnEvent } from './events.js'
import type { Awaitable, Random } from './ports.js'
import { digest, mac, newId, newSecret, sameText } from './secrets.js'
import type { ServerStore } from './stores/store.js'

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
  /** How long it is good, in ms. Default: 15 minutes. */
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
  /** Of one of digits, whose guesses are counted under the id. */
  readonly guarded?: { readonly id: string; readonly mac: string }
}

const EXPIRES_MS = 15 * 60_000
const HOUR_MS = 60 * 60_000
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

  const rowOf = (value: string): CodeRow => JSON.parse(value) as CodeRow

  const answer = async ({ userId, to, generation }: CodeRow): Promise<SpentCode> => {
    const isOutdated = (await store.userGeneration(userId)).generation > generation
    return isOutdated ? NO : { ok: true, userId, to }
  }

  const keep = async (key: string, row: CodeRow, expiresAt: number): Promise<void> => {
    for (let tried = 0; tried < TRIES; tried++) {
      const before = await store.get(key)
      if (await store.put(key, JSON.stringify(row), { ifVersion: before?.version, expiresAt })) return
    }
    throw new Error('Failed to keep the code: others were made for the same user at the same time.')
  }

  const takeGuessed = async (purpose: string, code: string, userId: string): Promise<CodeRow | undefined> => {
    const key = keyOfDigits(purpose, userId)
    const stored = await store.get(key)
    const row = stored && rowOf(stored.value)
    if (row?.guarded === undefined) return undefined
    const { id, mac: made } = row.guarded
    // Counted before it is compared, so that many guesses at once are no way round.
    const { count } = await store.count(`guesses:${id}`, HOUR_MS)
    if (count > MOST_GUESSES) return undefined
    if (!keys.some((one) => sameText(macOf(one, id, code), made))) return undefined
    const taken = await store.take(key)
    return taken?.value === stored?.value ? row : undefined
  }

  return {
    async send(purpose, userId, { to, digits, expiresMs = EXPIRES_MS } = {}) {
      check(purpose, digits, expiresMs)
      if (sendCode === undefined) {
        throw new TypeError('codes.send() needs the option "sendCode": createAuthServer({ sendCode, … }).')
      }
      const { count, endsAt } = await store.count(`codes:${purpose}:${digest(userId)}`, HOUR_MS)
      if (count > MOST_SENT) return { sent: false, retryAt: endsAt }
      const { generation, now } = await store.userGeneration(userId)
      const expiresAt = Math.ceil(now) + expiresMs
      const row: CodeRow = { userId, ...(to !== undefined && { to }), generation }
      const code = digits === undefined ? newSecret(random) : newDigits(random, digits)
      if (digits === undefined) {
        await keep(keyOfLong(purpose, code), row, expiresAt)
      } else {
        const id = newId(random)
        const guarded = { id, mac: macOf(keys[0] ?? '', id, code) }
        await keep(keyOfDigits(purpose, userId), { ...row, guarded }, expiresAt)
      }
      await sendCode({ purpose, userId, to, code, expiresAt })
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
      const taken = userId === undefined ? await store.take(keyOfLong(purpose, code)) : undefined
      const row =
        userId === undefined ? taken && rowOf(taken.value) : await takeGuessed(purpose, code, userId)
      const spent = row === undefined ? NO : await answer(row)
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
  if (!Number.isSafeInteger(expiresMs) || expiresMs <= 0) {
    throw new TypeError('"expiresMs" must be a whole number of milliseconds above 0.')
  }
}
