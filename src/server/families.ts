/*
 * A family is the line of refresh tokens of one sign-in: each refresh spends one and mints its successor.
 * Whoever shows a spent one outside the grace shows a token that was used twice. Pure: hashes, numbers and the
 * time go in.
 */

export interface Family {
  readonly head: {
    readonly hash: string
    readonly generation: number
    readonly mintedAt: number
    /** Whether an API has seen an access token minted with it. */
    readonly delivered: boolean
  }
  /** Whether any access token of this family was seen here: then one that arrived would have been. */
  readonly seen?: true
  /** The last that were spent, the newest first, each with its successor sealed under its own value. */
  readonly spent: readonly SpentToken[]
}

interface SpentToken {
  readonly hash: string
  readonly spentAt: number
  readonly sealedNext: string
  /** Which address the successor was first given to, for those alone who can make the same of an address. */
  readonly givenTo?: string | undefined
}

export interface GraceLimits {
  /** How long a spent token still gets the head, in ms; 0 is never. */
  readonly graceMs: number
  /** How long the last one does while the head is undelivered, in ms; 0 is never. */
  readonly undeliveredGraceMs: number
  /** Whether tokens that arrive are seen here at all; undefined: where one of the family was. */
  readonly seesTokens: boolean | undefined
  /** How many generations behind the head it may be. */
  readonly graceGenerations: number
}

export type Judgement =
  | { readonly kind: 'rotate' | 'reused' }
  /** What leads to the head: the first opens with the presented token, each other with what the one before it held. */
  | { readonly kind: 'redeliver'; readonly sealed: readonly string[] }

/** A member as it is presented: the hash of its secret, and the number in its value. */
export interface Presented {
  readonly hash: string
  readonly generation: number
}

export function beginFamily(hash: string, now: number): Family {
  return { head: { hash, generation: 0, mintedAt: now, delivered: false }, spent: [] }
}

/**
 * What a presented member deserves, which is provably one of ours. The last spent one may have its successor again, which is the head and was never
 * presented. One further behind comes from a request that was on its way while others were answered: the browser that
 * sent it keeps the cookie that arrives last, so it is given the head as well. And one that is newer than all that is kept shows that
 * the store has lost a write that it had acknowledged.
 */
export function judge(
  { head, spent, seen }: Family,
  { hash, generation }: Presented,
  now: number,
  limits: GraceLimits,
): Judgement {
  if (hash === head.hash) return { kind: 'rotate' }
  const behind = spent.findIndex((token) => token.hash === hash)
  const token = spent[behind]
  if (token === undefined && generation >= head.generation) return { kind: 'rotate' }
  if (token === undefined || behind >= limits.graceGenerations) return { kind: 'reused' }
  const inGrace = within(now - token.spentAt, limits.graceMs)
  const isSeen = limits.seesTokens ?? seen === true
  const isLost = behind === 0 && !head.delivered && isSeen
  const lostHead = isLost && within(now - head.mintedAt, limits.undeliveredGraceMs)
  if (!inGrace && !lostHead) return { kind: 'reused' }
  const sealed = spent
    .slice(0, behind + 1)
    .reduceRight<string[]>((path, { sealedNext }) => [...path, sealedNext], [])
  return { kind: 'redeliver', sealed }
}

/** The family after this member, its head, was spent for the token with the hash `next`. */
export function succeed(
  family: Family,
  { hash, generation }: Presented,
  next: string,
  successor: Pick<SpentToken, 'sealedNext' | 'givenTo'>,
  now: number,
  { graceGenerations }: GraceLimits,
): Family {
  const { head, spent } = family
  return {
    // With what another version has written. What it says of a head is of that one, and goes with it.
    ...family,
    head: { hash: next, generation: generation + 1, mintedAt: now, delivered: false },
    // From the members before one that the store had lost, nothing leads on.
    spent: [{ hash, spentAt: now, ...successor }, ...(hash === head.hash ? spent : [])].slice(
      0,
      graceGenerations,
    ),
  }
}

/**
 * The family after an undelivered head was given out once more. Others that still hold the token before it may have asked
 * at the same time, so the grace begins anew.
 */
export function deliverAgain(
  family: Family,
  hash: string,
  now: number,
  { graceGenerations }: GraceLimits,
): Family {
  const [last, ...older] = family.spent
  if (last?.hash !== hash || family.head.delivered || graceGenerations === 1) return family
  // Many who ask at once would else all write, and only one at a time can.
  if (now - last.spentAt < 1000) return family
  return { ...family, spent: [{ ...last, spentAt: now }, ...older] }
}

/** The family after an access token of that generation was seen: the browser has what came with it. */
export function deliver(family: Family, generation: number): Family {
  if (family.head.delivered || family.head.generation !== generation) return family
  return { ...family, seen: true, head: { ...family.head, delivered: true } }
}

function within(age: number, limit: number): boolean {
  return limit > 0 && age <= limit
}
