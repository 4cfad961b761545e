/*
 * Where `latchkey/server` keeps what outlives a request. A store holds texts under keys and compares versions; what they
 * mean is the server's. Read, judge, put: a put that lost the race is judged anew, so that correctness needs no lock and any number
 * of processes may share one store.
 */

/** What stands under a key. */
export interface Stored {
  readonly value: string
  /** Another one after every put. Compared as text, never as a number. */
  readonly version: string
  /** The store's own time at this read, in ms since 1970: judgements go by it, since the clocks of machines differ. */
  readonly now: number
}

/** How often something happened within its window. */
export interface Counted {
  /** This one included. */
  readonly count: number
  /** When the window ends and counting begins anew, in ms since 1970. */
  readonly endsAt: number
  /** The store's own time, in ms since 1970. */
  readonly now: number
}

export interface PutOptions {
  /** Writes only over exactly this version, and never inserts. Without it, writes only where nothing stands that has not expired. */
  readonly ifVersion?: string | undefined
  /** From when on it is as if it were not there, in ms since 1970 by the store's own time. */
  readonly expiresAt: number
  /**
   * The session is listed for this user, and is so before it is there: a gap in the list would hide it, a ghost hides nothing.
   * Needed again only with an `expiresAt` that is later than it was, since the user's generation must outlive it.
   */
  readonly userId?: string | undefined
}

export interface SessionPage {
  /** Keys, in no order that means anything. Some may be gone by now, and one may come again on another page. */
  readonly keys: readonly string[]
  /** For the next call; undefined where there are no more. */
  readonly cursor: string | undefined
}

/**
 * A store rejects where it cannot be reached, and then nobody is refused for it: the server answers 503. Each call is one atomic
 * step on one key, or on what belongs to one user. Keys and user ids have 1 to 256 characters, none of them NUL or half of
 * a pair, and no value holds a NUL: whatever a stranger may choose, such as an address to sign in with, is hashed by the server first.
 */
export interface ServerStore {
  get(key: string): Promise<Stored | undefined>
  /** Whether it was written. A write that is repeated because its answer was lost may say false although the first one was. */
  put(key: string, value: string, options: PutOptions): Promise<boolean>
  /** Gets and deletes in one step: of two takers one gets it. */
  take(key: string): Promise<Stored | undefined>
  /** Counts one more in a window of so many ms that begins with the first. */
  count(key: string, windowMs: number): Promise<Counted>
  /** What was put for this user and has not expired: for showing. What decides is the user's generation. */
  sessionsOf(userId: string, cursor?: string): Promise<SessionPage>
  /**
   * Raises the user's generation, which begins at 0, above every one before, and gives the new one: sessions of an earlier one are
   * over. It goes by the store's time, so that no failover that forgets the last one ever gives the same again.
   *
   * With `atLeast`, a time of the store: raises it to that, or leaves it where it is that high. So a call whose answer was given up, and which lands when
   * it has been repeated, ends nobody who has signed in since.
   */
  bumpUser(userId: string, atLeast?: number): Promise<number>
  /** The user's generation, and the store's time. */
  userGeneration(userId: string): Promise<{ readonly generation: number; readonly now: number }>
  /** Deletes at most so many rows that have expired, and says how many. No answer differs without it. */
  sweep(limit: number): Promise<number>
  /** For the start of a server and its health: rejects where it cannot work, and says what is missing; gives what is dangerous. */
  check?(): Promise<readonly string[]>
}
