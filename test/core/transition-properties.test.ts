/* What holds for every life a client can have, whatever arrives in which order. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isNewer, isSame, NO_EPOCH } from '../../src/core/epoch.js'
import { type News, parseNews, wrap } from '../../src/core/news.js'
import { isKnown, readRegister, registerOf, serializeRegister } from '../../src/core/register.js'
import type { ClientEvent, ClientState } from '../../src/core/state.js'
import {
  type Debt,
  isExpired,
  isOwed,
  MOST_DEBTS,
  parseDebt,
  serializeDebt,
  WHICHEVER,
} from '../../src/core/debts.js'
import { INITIAL } from '../../src/core/state.js'
import { isLogout } from '../../src/core/ends.js'
import { transition } from '../../src/core/transition.js'
import type { Epoch } from '../../src/core/types.js'
import { live, type Moved, steps } from './lives.js'
import { at, effectOf, typesOf } from './support.js'

/** `LIVES=60000` looks at more, and at others each time. */
const { LIVES } = process.env
const RUNS = LIVES === undefined ? { numRuns: 500, seed: 1 } : { numRuns: Number(LIVES) }
const AT = at(0)

/** Checks every move of many random lives. */
const always = (check: (moved: Moved) => void): void =>
  fc.assert(
    fc.property(steps, (life) => live(life, check)),
    RUNS,
  )

/** A token that was stale at birth is of no use to the others, who leave it out. */
const usable = ({ register, wait, shared }: News): News => ({
  register,
  ask: false,
  wait,
  shared: shared && shared.lifetime > 0 ? shared : undefined,
})

/** The epoch an event was sent under or speaks of; undefined where it speaks of none. */
function epochOf(event: ClientEvent): Epoch | undefined {
  switch (event.type) {
    case 'granted':
    case 'refused':
      return event.under.epoch
    case 'heard':
      return event.register.epoch
    case 'logoutConfirmed':
      return event.epoch
    case 'looked':
      return event.under
    case 'started':
    case 'loginLost':
    case 'skipped':
    case 'asking':
    case 'indeterminate':
    case 'retryNow':
    case 'disconnected':
    case 'logoutRequested':
    case 'purged':
    case 'returned':
    case 'debtsSeen':
      return undefined
    default:
      return event satisfies never
  }
}

/** What is owed and can be named. */
const named = ({ debts }: ClientState): readonly Debt[] =>
  debts.filter(({ sessionId }) => sessionId !== WHICHEVER)

const rowsSeen = (event: ClientEvent): readonly Debt[] => (event.type === 'debtsSeen' ? event.rows : [])

const isOld = ({ before, event }: Moved): boolean => {
  const epoch = epochOf(event)
  return epoch !== undefined && isNewer(before.epoch, epoch)
}

/** Somebody has logged out since it was asked for. */
const overtaken = ({ loggedOut }: ClientState, { under }: ClientEvent & { type: 'granted' }): boolean =>
  loggedOut !== undefined && isNewer(loggedOut, under.epoch)

/** A start found another session than those that are still to be ended: somebody has signed in by a link of the server. */
const isOther = ({ debts }: ClientState, { found, grant }: ClientEvent & { type: 'granted' }): boolean =>
  found === true && !isOwed(debts, WHICHEVER) && !isOwed(debts, grant.identity.sessionId)

/** A sign-in that only the end of an older session, or an older logout, has come before. */
const stands = ({ before, event }: Moved): boolean =>
  event.type === 'granted' &&
  event.explicit &&
  before.phase === 'out' &&
  !before.incoming &&
  !overtaken(before, event)

it('R111 a register that is newer counts whether it came by storage or over the channel', () => {
  always(({ before, event, now, after, effects }) => {
    if (event.type !== 'heard' || event.wait || !isNewer(event.register.epoch, before.epoch)) return
    for (const said of [true, false])
      expect(transition(before, { ...event, said }, now)).toEqual([after, effects])
    const { epoch, state, sessionId } = event.register
    expect(isNewer(epoch, after.epoch)).toBe(false)
    // Whoever takes it over knows the same of who is signed in, or knows better under an epoch of his own.
    if (isSame(after.epoch, epoch)) expect(registerOf(after)).toMatchObject({ state, sessionId })
  })
})

it('R111 what a tab knows is one register: whoever starts with it knows the same', () => {
  always(({ after }) => {
    const register = registerOf(after)
    if (!isKnown(register)) return
    const [started] = transition(INITIAL, { type: 'started', register }, AT)
    const { reason, follows, ...rest } = registerOf(started)
    expect(register).toMatchObject({ ...rest, follows })
    if (isLogout(register.reason)) expect(reason).toBe('logout')
  })
})

it('is pure: the same state, event and moment give the same outcome, and the input is left as it was', () => {
  always(({ before, event, now, after, effects }) => {
    // The input is frozen all the way down, so that a write throws.
    expect(transition(before, event, now)).toEqual([after, effects])
  })
})

it('the epoch never goes back', () => {
  always(({ before, after }) => expect(isNewer(before.epoch, after.epoch)).toBe(false))
})

it('a login, a logout, an end and a change of subject each make a new epoch', () => {
  always(({ before, event, after, effects }) => {
    // A tab that learns of a sign-in elsewhere has its epoch already when it learns whose it is.
    const ended = effectOf(effects, 'end') !== undefined && !before.resyncing
    if (ended || event.type === 'logoutRequested') expect(isNewer(after.epoch, before.epoch)).toBe(true)
  })
})

it('inside an epoch the generation never goes back', () => {
  always(({ before, after }) => {
    if (isSame(before.epoch, after.epoch)) expect(after.generation).toBeGreaterThanOrEqual(before.generation)
  })
})

it('R99 somebody is signed in by a grant alone: of the server, of a sibling once the server has said the same or nothing, or one that waited for the clean-up', () => {
  always(({ before, event, after }) => {
    if (before.phase === 'in' || after.phase !== 'in') return
    const granted =
      event.type === 'granted' ||
      (event.type === 'heard' && event.grant !== undefined) ||
      (event.type === 'looked' && before.candidate !== undefined) ||
      (event.type === 'purged' && before.incoming !== undefined)
    expect(granted).toBe(true)
  })
})

it('R99 what another tab holds from before the page was there signs nobody in', () => {
  always(({ before, event, after }) => {
    if (event.type !== 'heard' || !event.grant || before.since === undefined) return
    if (event.grant.credential.issued.wall < before.since)
      expect([after.phase === 'in', after.credential]).toEqual([
        before.phase === 'in',
        after.phase === 'in' && isSame(after.epoch, before.epoch) ? before.credential : after.credential,
      ])
  })
})

it('the parts of a state agree with each other', () => {
  always(({ after }) => {
    expect(after.identity !== undefined).toBe(after.phase === 'in')
    if (after.credential) expect(after.phase).toBe('in')
    if (after.incoming) expect(after.purging).toBe(true)
    if (after.candidate) expect([after.since !== undefined, after.phase !== 'out']).toEqual([true, true])
    // Without a register nothing is known but the rows.
    const isOpen = after.phase === 'out' || isSame(after.epoch, NO_EPOCH)
    if (after.debts.length > 0) expect([isOpen, after.incoming]).toEqual([true, undefined])
    expect(after.debts.length).toBeLessThanOrEqual(MOST_DEBTS)
    expect(new Set(after.debts.map(({ sessionId }) => sessionId)).size).toBe(after.debts.length)
    if (after.credential) expect(after.credential.generation).toBeLessThanOrEqual(after.generation)
    expect(after.early.length).toBeLessThanOrEqual(3)
  })
})

it('nobody is shown as signed in while the application still clears away what belonged to the last one', () => {
  always(({ after }) => expect(after.purging && after.phase === 'in').toBe(false))
})

it('the subject never changes under a signed-in application: the old one ends first', () => {
  always(({ before, after }) => {
    if (before.identity && after.identity) expect(after.identity.subject).toBe(before.identity.subject)
  })
})

it('R09 nothing that belongs to an older epoch brings a user back or touches who is signed in', () => {
  always((moved) => {
    if (!isOld(moved) || stands(moved)) return
    const { before, after } = moved
    const facts = ({ phase, identity, credential, epoch, incoming }: ClientState) => ({
      phase,
      identity,
      credential,
      epoch,
      incoming,
    })
    expect(facts(after)).toEqual(facts(before))
    // That one more session is to be ended, or that it is known which, is all that may come of it.
    for (const { sessionId } of named(before).slice(1 - MOST_DEBTS))
      expect(isOwed(after.debts, sessionId)).toBe(true)
  })
})

it('R09 a grant that comes after a logout is taken back at the server', () => {
  always((moved) => {
    const { before, event, after, effects } = moved
    if (event.type !== 'granted' || before.phase !== 'out' || stands(moved)) return
    const late =
      !isSame(event.under.epoch, before.epoch) ||
      (before.debts.length > 0 && !event.explicit && !isOther(before, event))
    if (!late) return
    expect(after.phase).toBe('out')
    // Where nobody wanted to be out the server says who is signed in.
    if (!overtaken(before, event) && before.debts.length === 0 && !before.incoming)
      return expect(effects).toEqual([{ type: 'repair' }])
    expect(effectOf(effects, 'revoke')?.grant).toBe(event.grant)
    // So that the next page does it if this one is gone.
    if (!before.incoming) expect(isOwed(after.debts, event.grant.identity.sessionId)).toBe(true)
  })
})

it('R09 a login that a logout overtook is taken back at the server, and one that another login overtook is checked', () => {
  always((moved) => {
    const { before, event, after, effects } = moved
    if (event.type !== 'granted' || !event.explicit || isSame(event.under.epoch, before.epoch)) return
    if (stands(moved)) return expect(after.incoming ?? after.identity).toBeDefined()
    const out = before.phase === 'out'
    const { epoch, identity } = before
    expect(after).toMatchObject(
      out ? { epoch, phase: 'out' } : { epoch, identity, resyncing: true, retryAt: undefined },
    )
    expect(typesOf(effects)).toContain(out ? 'revoke' : 'repair')
  })
})

it('a refusal ends only the session and credential it was sent under', () => {
  always(({ before, event, after, effects }) => {
    if (event.type !== 'refused') return
    const { epoch, generation } = event.under
    const superseded = !isSame(epoch, before.epoch) || before.generation > generation
    if (!superseded) return
    expect(after.identity).toBe(before.identity)
    expect(after.credential).toBe(before.credential)
    expect(after.epoch).toBe(before.epoch)
    // Who knows nothing yet asks anew.
    expect(typesOf(effects)).toEqual(before.resyncing && isSame(epoch, before.epoch) ? ['resync'] : [])
  })
})

it('R12 a failure that is no refusal changes neither who is signed in nor the credential', () => {
  always(({ before, event, after, effects }) => {
    if (event.type !== 'indeterminate') return
    expect(after).toMatchObject({
      phase: before.phase,
      identity: before.identity,
      credential: before.credential,
      epoch: before.epoch,
    })
    expect(typesOf(effects)).toEqual(['post'])
  })
})

it('R45 an end is told once, where there was something to end, and with who it was', () => {
  always(({ before, effects }) => {
    const ends = effects.filter(({ type }) => type === 'end')
    expect(ends.length).toBeLessThanOrEqual(1)
    const [ended] = ends
    if (!ended) return
    expect(before.phase === 'in' || !isSame(before.epoch, NO_EPOCH)).toBe(true)
    expect(before.phase).not.toBe('out')
    expect(ended).toMatchObject({ previous: before.identity })
  })
})

it('whoever is no longer signed in is told so, and what waits or runs for him is given up', () => {
  always(({ before, after, effects }) => {
    if (before.phase !== 'in' || after.phase !== 'out') return
    const order = typesOf(effects)
    expect(order).toContain('end')
    expect(order).toContain('abandon')
    expect(order.indexOf('abandon')).toBeLessThan(order.indexOf('end'))
  })
})

it('a switch of users ends the old one first and keeps the new one back until the clean-up is done', () => {
  always(({ before, after, effects }) => {
    const switched = effectOf(effects, 'switched')
    if (!switched) return
    expect(switched.from).toBe(before.identity ?? before.candidate?.identity)
    expect(switched.from.subject).not.toBe(switched.to.subject)
    expect(after).toMatchObject({ phase: 'out', identity: undefined, credential: undefined, purging: true })
    expect(after.incoming?.identity).toBe(switched.to)
    const order = typesOf(effects)
    expect(order.indexOf('end')).toBeLessThan(order.indexOf('switched'))
  })
})

it('R110 a logout is kept until it is confirmed, or somebody signs in, or it expires or gives way', () => {
  always(({ before, event, now, after, effects }) => {
    const signIn = event.type === 'granted' && (event.explicit || isOther(before, event))
    // Another tab has signed in.
    const elsewhere = (event.type === 'heard' || event.type === 'started') && event.register?.state === 'in'
    for (const debt of named(before)) {
      const { sessionId, isOwn } = debt
      if (isOwed(after.debts, sessionId)) continue
      const confirmed =
        event.type === 'logoutConfirmed' && isSame(event.epoch, before.epoch) && event.sessionId === sessionId
      // Nobody owes what another tab has done away with.
      const gone = event.type === 'debtsSeen' && !isOwn && !isOwed(event.rows, sessionId)
      const given = effects.some(
        (one) => one.type === 'writeDebt' && one.sessionId === sessionId && one.expired,
      )
      // What another tab owes is as old as its row says by now.
      const row = isOwn ? undefined : rowsSeen(event).find((one) => one.sessionId === sessionId)
      const late =
        isExpired(row ?? debt, now.wall) || [...before.debts, ...rowsSeen(event)].length >= MOST_DEBTS
      expect(confirmed || signIn || elsewhere || gone || (given && late)).toBe(true)
    }
  })
})

it('R110 the same rows once more are no news: nothing changes, and nobody is told to see to them', () => {
  always(({ after, event, now }) => {
    if (event.type !== 'debtsSeen') return
    const [again, effects] = transition(after, event, now)
    expect(again).toEqual(after)
    for (const effect of effects)
      expect(effect).toEqual({
        type: 'writeDebt',
        sessionId: expect.any(String) as string,
        ...('expired' in effect ? { expired: true } : {}),
      })
  })
})

it('R110 what this tab owes by its id survives that its row is missing', () => {
  always(({ after, now }) => {
    const [emptied] = transition(after, { type: 'debtsSeen', rows: [] }, now)
    const own = named(after).filter((debt) => debt.isOwn && !isExpired(debt, now.wall))
    expect(emptied.debts).toEqual(own)
  })
})

it('R110 one without an id is owed in its own epoch alone', () => {
  always(({ after }) => {
    const nameless = after.debts.find(({ sessionId }) => sessionId === WHICHEVER)
    if (nameless) expect(nameless.epoch).toEqual(after.epoch)
  })
})

it('R110 every change of what is owed is written down: what a page knows, and what the storage says, is the same', () => {
  always(({ before, event, after, effects }) => {
    const rows = new Map([...before.debts, ...rowsSeen(event)].map((debt) => [debt.sessionId, debt]))
    for (const effect of effects)
      if (effect.type === 'writeDebt' && effect.debt) rows.set(effect.sessionId, effect.debt)
      else if (effect.type === 'writeDebt') rows.delete(effect.sessionId)
    for (const { sessionId } of after.debts) expect(rows.has(sessionId)).toBe(true)
    // A register of another epoch counts more: what its rows are worth is seen when they are read anew.
    const isSeen = ['debtsSeen', 'heard', 'started'].includes(event.type)
    if (!isSeen && after.phase === 'out')
      for (const id of rows.keys()) expect(isOwed(after.debts, id)).toBe(true)
  })
})

it('what is written and sent speaks of the state it leaves behind, and others can read it', () => {
  always(({ now, after, effects }) => {
    for (const effect of effects) {
      if (effect.type === 'writeRegister') {
        const { register } = effect
        expect(register.epoch).toEqual(after.epoch)
        expect(readRegister(serializeRegister(register), now.wall)).toEqual(register)
      }
      if (effect.type === 'writeDebt' && effect.debt)
        expect(parseDebt(effect.sessionId, serializeDebt(effect.debt), now.wall)).toEqual({
          ...effect.debt,
          isOwn: false,
        })
      if (effect.type === 'post') {
        const { news } = effect
        expect(news.register.epoch).toEqual(after.epoch)
        expect(parseNews(wrap(news, 'a'), 'b', now.wall)).toEqual(usable(news))
      }
    }
  })
})

it('BBA-01 no register holds a token, and no news but those of who is signed in', () => {
  always(({ before, event, effects }) => {
    const tokens = [
      before.credential?.token,
      event.type === 'granted' ? event.grant.credential.token : undefined,
    ]
    for (const effect of effects) {
      const open =
        effect.type === 'writeRegister' || (effect.type === 'post' && effect.news.register.state !== 'in')
          ? JSON.stringify(effect)
          : ''
      for (const token of tokens) if (token) expect(open).not.toContain(token)
    }
  })
})
