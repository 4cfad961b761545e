import { type Debt, isExpired, parseDebt, serializeDebt, WHICHEVER } from '../core/debts.js'
import { isNewer, isSame } from '../core/epoch.js'
import type { Ports } from '../core/ports.js'
import { readOld, readRegister, type Register, registerOf, serializeRegister } from '../core/register.js'
import type { ClientEvent, ClientState } from '../core/state.js'

/** Whose knowledge it is. */
interface Owner {
  readonly ports: Pick<Ports, 'shared' | 'clock'>
  readonly name: string
  readonly state: ClientState
  dispatch(event: ClientEvent): void
}

/** What a browser keeps of its sign-in, for all tabs and the next visit: the register, and a row for each session that is still to be ended. */
export class Stored {
  readonly #owner: Owner
  #seen: string | null | undefined
  #owed = ''
  /** The row of what has no id could not be written, so that a missing one tells nothing. */
  #isBlocked = false

  constructor(owner: Owner) {
    this.#owner = owner
  }

  /** Follows what is stored, synchronously: before every send and every commit. */
  sync(): void {
    this.#syncRegister()
    this.#syncDebts()
  }

  read(text = this.#shared.read(this.#key)): Register | undefined {
    return readRegister(text, this.#wall)
  }

  /** Never over a newer one, which another tab may have written a moment ago, or over a renewal of the same epoch. */
  write(register: Register): void {
    const { epoch, state, generation } = register
    const current = this.read()
    if (current && isNewer(current.epoch, epoch)) return
    if (current && isSame(current.epoch, epoch) && state === 'in' && current.generation > generation) return
    const text = serializeRegister(register)
    if (this.#shared.write(this.#key, text)) this.#seen = text
  }

  /** Whether it was written. */
  writeDebt(sessionId: string, debt: Debt | undefined): boolean {
    const isWritten = this.#shared.write(this.#debtKey + sessionId, debt ? serializeDebt(debt) : null)
    if (sessionId === WHICHEVER) this.#isBlocked = !isWritten
    return isWritten
  }

  /** Writes what is owed once more, after what may have emptied the storage. Whether all of it is stored. */
  save(): boolean {
    const { state } = this.#owner
    if (state.debts.length > 0) this.write(registerOf(state))
    return state.debts.map((debt) => this.writeDebt(debt.sessionId, debt)).every(Boolean)
  }

  /** Takes over what the version before this one has left, once. */
  takeOver(): Register | undefined {
    const { name } = this.#owner
    const old = readOld(this.#shared.read(name), this.#wall)
    if (!old) return undefined
    const isWritten = old.debts.map((debt) => this.writeDebt(debt.sessionId, debt)).every(Boolean)
    this.write(old.register)
    // Where there is no room for the new form, the next page finds the old one.
    if (isWritten && this.read()) this.#shared.write(name, null)
    return old.register
  }

  #syncRegister(): void {
    // The first look: somebody may sign out before the start has read anything.
    if (this.#seen === undefined && !this.#shared.read(this.#key)) this.takeOver()
    const text = this.#shared.read(this.#key)
    const known = this.#seen
    if (text === known) return
    this.#seen = text
    const register = this.read(text)
    const before = (known && this.read(known)) || undefined
    // Storage reaches other processes late: a tab that woke with an old copy has written over a newer epoch. Or it was emptied or
    // spoilt; then a logout that is still to be delivered stays, if it says for which session: nobody knows who has signed in since.
    // Nothing else is written again: another tab may empty the storage and sign in or out in one go, and what is old would land over that.
    const named = this.#owner.state.debts.filter(({ sessionId }) => sessionId !== WHICHEVER)
    const isOurs = before && (register ? isNewer(before.epoch, register.epoch) : named.length > 0)
    if (isOurs) {
      if (this.#shared.write(this.#key, known!)) this.#seen = known
      if (!register) for (const debt of named) this.writeDebt(debt.sessionId, debt)
    } else if (register && !before && isNewer(this.#owner.state.epoch, register.epoch))
      // Behind an emptied storage a tab that woke has written what it knew.
      this.write(registerOf(this.#owner.state))
    else if (register) this.#owner.dispatch({ type: 'heard', register, said: false, before })
  }

  #syncDebts(): void {
    const { phase, epoch, debts, sessionId = WHICHEVER } = this.#owner.state
    if (phase === 'in') {
      // A tab that could not see a logout yet has written over its register, but not over its row.
      const row = this.#readDebt(sessionId)
      if (row && isNewer(row.epoch, epoch)) this.#owner.dispatch({ type: 'debtsSeen', rows: [row] })
      return
    }
    if (this.#isBlocked) return
    const rows = this.#shared
      .keys(this.#debtKey)
      ?.map((key) => this.#readDebt(key.slice(this.#debtKey.length)))
      .filter((debt) => debt !== undefined)
    // Where nothing can be stored what is known stays, and so it does in a storage that was emptied.
    if (!rows || (rows.length === 0 && (debts.length === 0 || !this.#seen))) return
    const owed = JSON.stringify([phase, epoch, rows, rows.some((row) => isExpired(row, this.#wall))])
    if (owed === this.#owed) return
    this.#owed = owed
    this.#owner.dispatch({ type: 'debtsSeen', rows })
  }

  #readDebt(sessionId: string): Debt | undefined {
    return parseDebt(sessionId, this.#shared.read(this.#debtKey + sessionId), this.#wall)
  }

  get #shared(): Ports['shared'] {
    return this.#owner.ports.shared
  }

  get #wall(): number {
    return this.#owner.ports.clock.wall()
  }

  get #key(): string {
    return `${this.#owner.name}:register`
  }

  get #debtKey(): string {
    return `${this.#owner.name}:owed:`
  }
}
