/*
 * A family is the line of refresh tokens of one sign-in: each refresh spends one and mints its successor.
 * Only the last two matter; whoever shows an older one shows a token that was used twice. Pure: hashes,
 * numbers and the time go in.
 */

export interface Family {
  readonly head: {
    readonly hash: string
    readonly generation: number
    readonly mintedAt: number
    /** Whether an API has seen an access token minted with it. */
    readonly delivered: boolean
  }
  /** The one that was spent for the head, with the head sealed under its value. */
  readonly previous?: {
    readonly hash: string
    readonly spentAt: number
    readonly sealedHead: string
  }
}

export interface GraceLimits {
  /** How long a spent token still gets its successor, in ms; 0 is never. */
  readonly graceMs: number
  /** How long it does while the successor is undelivered, in ms; 0 is never. */
  readonly undeliveredGraceMs: number
}

export function beginFamily(hash: string, now: number): Family {
  return { head: { hash, generation: 0, mintedAt: now, delivered: false } }
}

/**
 * What a presented member deserves. A spent token may have its successor again as long as that one was never
 * presented itself, and presenting it would have spent it: so `previous` alone can.
 */
export function judge(
  { head, previous }: Family,
  hash: string,
  now: number,
  { graceMs, undeliveredGraceMs }: GraceLimits,
): 'rotate' | 'redeliver' | 'reused' {
  if (hash === head.hash) return 'rotate'
  if (hash !== previous?.hash) return 'reused'
  if (within(now - previous.spentAt, graceMs)) return 'redeliver'
  if (!head.delivered && within(now - head.mintedAt, undeliveredGraceMs)) return 'redeliver'
  return 'reused'
}

/** The family after its head was spent for the token with this hash. */
export function succeed({ head }: Family, hash: string, sealedHead: string, now: number): Family {
  return {
    head: { hash, generation: head.generation + 1, mintedAt: now, delivered: false },
    previous: { hash: head.hash, spentAt: now, sealedHead },
  }
}

/** The family after an access token of that generation was seen: the browser has what came with it. */
export function deliver(family: Family, generation: number): Family {
  if (family.head.delivered || family.head.generation !== generation) return family
  return { ...family, head: { ...family.head, delivered: true } }
}

function within(age: number, limit: number): boolean {
  return limit > 0 && age <= limit
}
