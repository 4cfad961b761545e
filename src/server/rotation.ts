import { deliverAgain, judge, succeed, type Family } from './families.js'
import type { Member } from './members.js'
import { digest, mac, newSecret } from './secrets.js'
import type { Settings } from './settings.js'
import type { Session } from './records.js'

/** The member to give for one that was presented, and the family after that. */
export interface Successor {
  readonly outcome: 'rotated' | 'redelivered'
  /** The value of its cookie. */
  readonly cookie: string
  readonly family: Family
  /** Of one that is given again: whether to another address than at first, where both are known. */
  readonly elsewhere?: boolean | undefined
}

export interface Rotation {
  /** Undefined for a member that was used twice. */
  successor(
    session: Session,
    presented: Member,
    now: number,
    address: string | undefined,
  ): Promise<Successor | undefined>
}

export function createRotation(settings: Settings): Rotation {
  const { addressKeys, members, random, sealer } = settings
  // Of each session another one, so that nobody who reads the store can tell who shares an address.
  const marksOf = (id: string, address: string): string[] =>
    addressKeys.map((key) => mac(key, `${id} ${address}`))
  return {
    async successor({ id, family }, { secret: presented, generation }, now, address) {
      const hash = digest(presented)
      const judgement = judge(family, { hash, generation }, now, settings)
      if (judgement.kind === 'rotate') {
        const secret = newSecret(random)
        const givenTo = address !== undefined && { givenTo: marksOf(id, address)[0] }
        const sealed = await sealer.seal(presented, secret)
        const next = succeed(
          family,
          { hash, generation },
          digest(secret),
          { sealedNext: sealed, ...givenTo },
          now,
          settings,
        )
        const cookie = members.write({ id, generation: next.head.generation, secret })
        return { outcome: 'rotated', cookie, family: next }
      }
      if (judgement.kind === 'redeliver') {
        let secret = presented
        for (const sealed of judgement.sealed) secret = await sealer.open(secret, sealed)
        const cookie = members.write({ id, generation: family.head.generation, secret })
        const before = family.spent[0]?.givenTo
        const isKnown = before !== undefined && address !== undefined
        const elsewhere = isKnown ? !marksOf(id, address).includes(before) : undefined
        return {
          outcome: 'redelivered',
          cookie,
          family: deliverAgain(family, hash, now, settings),
          elsewhere,
        }
      }
      return undefined
    },
  }
}
