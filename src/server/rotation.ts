import { deliverAgain, judge, succeed, type Family } from './families.js'
import { createMutex, type Exclusively } from './mutex.js'
import { digest, newSecret } from './secrets.js'
import type { Settings } from './settings.js'
import type { Session } from './store.js'

/** The member to give for one that was presented, and what giving it makes of the family. */
export interface Successor {
  readonly outcome: 'rotated' | 'redelivered'
  readonly secret: string
  readonly advance: (family: Family) => Family
}

export interface Rotation {
  /** Work on one session at a time. */
  readonly exclusively: Exclusively
  /** Undefined for a member that was used twice. */
  successor(session: Session, presented: string, now: number): Promise<Successor | undefined>
}

export function createRotation(settings: Settings): Rotation {
  const { random, sealer } = settings
  return {
    exclusively: createMutex(),
    async successor({ family }, presented, now) {
      const judgement = judge(family, digest(presented), now, settings)
      if (judgement.kind === 'rotate') {
        const secret = newSecret(random)
        const [s, sealed] = [digest(secret), await sealer.seal(presented, secret)]
        return { outcome: 'rotated', secret, advance: (before) => succeed(before, s, sealed, now, settings) }
      }
      if (judgement.kind === 'redeliver') {
        let secret = presented
        for (const sealed of judgement.sealed) secret = await sealer.open(secret, sealed)
        const hash = digest(presented)
        const advance = (before: Family) => deliverAgain(before, hash, now, settings)
        return { outcome: 'redelivered', secret, advance }
      }
      return undefined
    },
  }
}
