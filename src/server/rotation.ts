import { deliverAgain, judge, succeed, type Family } from './families.js'
import type { Member } from './members.js'
import { digest, newSecret } from './secrets.js'
import type { Settings } from './settings.js'
import type { Session } from './records.js'

/** The member to give for one that was presented, and the family after that. */
export interface Successor {
  readonly outcome: 'rotated' | 'redelivered'
  /** The value of its cookie. */
  readonly cookie: string
  readonly family: Family
}

export interface Rotation {
  /** Undefined for a member that was used twice. */
  successor(session: Session, presented: Member, now: number): Promise<Successor | undefined>
}

export function createRotation(settings: Settings): Rotation {
  const { members, random, sealer } = settings
  return {
    async successor({ id, family }, { secret: presented, generation }, now) {
      const hash = digest(presented)
      const judgement = judge(family, { hash, generation }, now, settings)
      if (judgement.kind === 'rotate') {
        const secret = newSecret(random)
        const sealed = await sealer.seal(presented, secret)
        const next = succeed(family, { hash, generation }, digest(secret), sealed, now, settings)
        const cookie = members.write({ id, generation: next.head.generation, secret })
        return { outcome: 'rotated', cookie, family: next }
      }
      if (judgement.kind === 'redeliver') {
        let secret = presented
        for (const sealed of judgement.sealed) secret = await sealer.open(secret, sealed)
        const cookie = members.write({ id, generation: family.head.generation, secret })
        return { outcome: 'redelivered', cookie, family: deliverAgain(family, hash, now, settings) }
      }
      return undefined
    },
  }
}
