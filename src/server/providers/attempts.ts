import type { CookieOptions } from 'hono/utils/cookie'
import { parse, serialize } from 'hono/utils/cookie'
import type { Awaitable } from '../ports.js'
import { digest, mac, newSecret, sameText } from '../secrets.js'
import type { Settings } from '../settings.js'
import type { ProviderChecks } from './provider.js'

/** A sign-in at a provider that has begun, as its cookie keeps it. */
export interface Attempt extends Omit<ProviderChecks, 'redirectUri'> {
  readonly format: 1
  /** Which of the cookies that there may be has it. */
  readonly place: number
  readonly provider: string
  readonly returnTo: string
  /** The sessions this browser had when it left: SameSite=Strict keeps their cookies from the way back. */
  readonly replaces: readonly string[]
  /** From when on it has to begin again, in ms since 1970 by the store's clock. */
  readonly expiresAt: number
}

/** What is known of an attempt that has come back. */
export interface Outcome {
  readonly returnTo: string
  /** Of the session that it has made, once it has. */
  readonly sessionId?: string
  /** The cookie of that, for whoever shows the attempt's once more: both go with one answer, so that one was lost. */
  readonly sealed?: string
  /** Whether it was refused. */
  readonly isRefused?: true
}

/**
 * An attempt is sealed into a cookie of its own, so that visitors who never come back cost the server nothing, and tabs do not take it from each
 * other. The store only hears of those that come back: that is what makes an answer count once.
 */
export interface Attempts {
  begin(
    attempt: Pick<Attempt, 'provider' | 'returnTo' | 'replaces'>,
    cookies: string | undefined,
    now: number,
  ): Attempt
  /** Its cookie. */
  write(attempt: Attempt, crossSite: boolean): Promise<string>
  /** The deletion of the oldest, where they are too many with this new one. */
  makeRoom(cookie: string, cookies: string | undefined): string[]
  /** The one of this browser that an answer is for. */
  find(cookies: string | undefined, state: string): Promise<Attempt | undefined>
  delete(attempt: Attempt): string[]
  /** Those that are still on their way in this browser: each of them is to end what this one has begun, as its cookie will not come along. */
  others(attempt: Attempt, cookies: string | undefined): Promise<readonly Attempt[]>
  /** Whether this answer is the first. */
  spend(attempt: Attempt): Promise<boolean>
  /** Remembers which session it has made, or that it made none, for an answer that comes twice. */
  note(attempt: Attempt, made?: { readonly sessionId: string; readonly cookie: string }): Promise<void>
  outcome(state: string): Promise<Outcome | undefined>
  /** Of one that is spent, the outcome for which the first answer may still be on its way; undefined where it takes too long. */
  settled(attempt: Attempt): Promise<Outcome | undefined>
  /** The cookie in an outcome. */
  open(attempt: Attempt, sealed: string): Awaitable<string>
}

const VALID_MS = 10 * 60_000
/** Longer than it is good for: whoever comes too late is to find his way back to the page that he wanted. */
const COOKIE_SECONDS = 60 * 60
/** Of one browser at once. */
const MOST = 5
/** Of all their cookies together, in characters: they go with each request, and servers take 8 to 16 kB of headers. */
const MOST_CHARACTERS = 6000
/** Names of their cookies. Tabs that begin in the same moment do not know of each other, and one name for each would be as many as there are tabs. */
const PLACES = 12
/** Of a cookie, beside the path that it has in it. */
const CHARACTERS = 500
/** How often one that comes again looks for what became of the first: for as long as providers are asked. */
const LOOKS = 10
/** For a store whose clock goes back a little when another machine takes over. */
const KEPT_MS = 60_000

export const attemptKeysOf = (secrets: readonly string[]): string[] =>
  secrets.map((secret) => mac(secret, 'latchkey: sign-ins at providers'))

export function createAttempts(settings: Settings, keys: readonly string[]): Attempts {
  const { random, sealer, sleep, store, cookies } = settings
  const prefix = `${cookies.login}-`
  const nameOf = ({ place }: Pick<Attempt, 'place'>): string => prefix + place
  /** In front of what is sealed, so that the one that is asked for is known without opening them all. */
  const tagOf = (state: string): string => digest(state).slice(0, 16)
  const isOf = (value: string, state: string): boolean => value.split('.')[1] === tagOf(state)
  const rowOf = (state: string): string => `attempt:${digest(state)}`
  const line = (name: string, value: string, maxAge: number, crossSite: boolean): string => {
    // A form that another site posts brings no Lax cookie; a navigation does.
    const sameSite: CookieOptions['sameSite'] = crossSite ? 'None' : 'Lax'
    return serialize(name, value, { path: '/', httpOnly: true, secure: cookies.secure, maxAge, sameSite })
  }
  const expiryOf = ({ expiresAt }: Attempt): number => Math.ceil(expiresAt) + KEPT_MS

  const begun = (header = ''): [string, string][] =>
    Object.entries(parse(header)).filter(([name]) => name.startsWith(prefix))

  /** Where none is taken any will do, so that tabs which begin at once seldom meet; where paths are long, one of a few. */
  const placeOf = (state: string, { length }: string, header: string | undefined): number => {
    const taken = new Map(begun(header))
    const few = Math.min(PLACES, Math.max(1, Math.floor(MOST_CHARACTERS / (CHARACTERS + (length * 4) / 3))))
    const sum = Array.from(digest(state)).reduce((before, character) => before + character.charCodeAt(0), 0)
    const places = Array.from({ length: PLACES }, (_, place) => place)
    const first = sum % few
    const free = [first, ...places].find((place) => !taken.has(nameOf({ place })))
    return free ?? first
  }

  const openValue = async (value: string): Promise<Attempt | undefined> => {
    const sealed = value.split('.').slice(2).join('.')
    for (const key of keys) {
      try {
        const attempt = JSON.parse(await sealer.open(key, sealed)) as Attempt
        return attempt.format === 1 ? attempt : undefined
      } catch {
        // Made with another key, or by somebody else.
      }
    }
    return undefined
  }

  const outcome = async (state: string): Promise<Outcome | undefined> => {
    const row = await store.get(rowOf(state))
    return row && (JSON.parse(row.value) as Outcome)
  }

  return {
    begin(attempt, header, now) {
      const [state, nonce, codeVerifier] = [newSecret(random), newSecret(random), newSecret(random)]
      const place = placeOf(state, attempt.returnTo, header)
      return { format: 1, place, ...attempt, state, nonce, codeVerifier, expiresAt: now + VALID_MS }
    },
    async write(attempt, crossSite) {
      // Its end in front, so that the oldest is known without opening them all.
      const sealed = await sealer.seal(keys[0] ?? '', JSON.stringify(attempt))
      const value = `${Math.ceil(attempt.expiresAt)}.${tagOf(attempt.state)}.${sealed}`
      return line(nameOf(attempt), value, COOKIE_SECONDS, crossSite)
    },
    makeRoom(cookie, header) {
      const dropped: string[] = []
      let [kept, characters] = [1, cookie.length]
      for (const [name, { length }] of begun(header).sort(
        ([, one], [, other]) => endOf(other) - endOf(one),
      )) {
        characters += length
        const fits = kept < MOST && characters <= MOST_CHARACTERS
        if (fits) kept++
        else dropped.push(name)
      }
      return dropped.map((name) => line(name, '', 0, false))
    },
    async find(header, state) {
      const [value] = begun(header).flatMap(([, one]) => (isOf(one, state) ? [one] : []))
      const attempt = value === undefined ? undefined : await openValue(value)
      return attempt !== undefined && sameText(attempt.state, state) ? attempt : undefined
    },
    async others({ state }, header) {
      const values = begun(header).flatMap(([, value]) => (isOf(value, state) ? [] : [value]))
      const opened = await Promise.all(values.slice(0, PLACES).map(openValue))
      return opened.flatMap((attempt) => attempt ?? [])
    },
    delete: (attempt) => [line(nameOf(attempt), '', 0, false)],
    spend(attempt) {
      const outcome: Outcome = { returnTo: attempt.returnTo }
      return store.put(rowOf(attempt.state), JSON.stringify(outcome), { expiresAt: expiryOf(attempt) })
    },
    async note(attempt, made) {
      const row = rowOf(attempt.state)
      const outcome: Outcome = {
        returnTo: attempt.returnTo,
        ...(made === undefined
          ? { isRefused: true }
          : {
              sessionId: made.sessionId,
              sealed: await sealer.seal(attempt.codeVerifier, made.cookie),
            }),
      }
      const spent = await store.get(row)
      await store.put(row, JSON.stringify(outcome), {
        ifVersion: spent?.version,
        expiresAt: expiryOf(attempt),
      })
    },
    outcome,
    async settled({ state }) {
      for (let looked = 0; looked < LOOKS; looked++) {
        const found = await outcome(state)
        if (found?.sessionId !== undefined || found?.isRefused === true) return found
        await sleep(Math.min(1000, 50 * 2 ** looked))
      }
      return undefined
    },
    open: (attempt, sealed) => sealer.open(attempt.codeVerifier, sealed),
  }
}

/** What is not a number is no attempt of ours, and goes first. */
const endOf = (value: string): number => Number.parseInt(value, 10) || 0
