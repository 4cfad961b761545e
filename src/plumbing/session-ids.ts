import { isHandle } from '../core/checks.js'
import type { Ports } from '../core/ports.js'

/** So many renewals soon after each other that each name another session id, and ids count as absent. */
const MOST_RENAMINGS = 2
const SOON_MS = 60_000

/** Which names of sessions count: a backend that names another one at each renewal says nothing by them. */
export class SessionIds {
  readonly #ports: Ports
  readonly #key: string
  /** Where nothing is stored. */
  #noted = ''

  constructor(ports: Ports, name: string) {
    this.#ports = ports
    this.#key = `${name}:renamings`
  }

  /** A session id as servers write it; none where it says nothing. */
  of(told: unknown): string | undefined {
    if (this.sayNothing) return undefined
    return isHandle(told) ? told : typeof told === 'number' ? String(told) : undefined
  }

  /** The same, of an answer: whoever has signed in twice within a minute elsewhere has ids again when one is named once more. */
  named(told: unknown): string | undefined {
    if (isHandle(told) && this.sayNothing) this.renamed(told)
    return this.of(told)
  }

  /** Each renewal names another. */
  get sayNothing(): boolean {
    return this.#renamings() >= MOST_RENAMINGS
  }

  /** A renewal has named that id, another than before. Each id counts once, whichever tabs hear of it. */
  renamed(id: string): void {
    const [, , ...last] = this.#read()
    if (id !== last.join(' ')) this.#write(this.#renamings() + 1, id)
    else if (this.sayNothing) this.#write(0, '')
  }

  /** A sign-in, or a renewal that has named the same id as the one before: the count begins anew. */
  kept(): void {
    if (this.#renamings()) this.#write(0, '')
  }

  /** How many renewals one soon after the other have named another session id, in any tab as far as storage reaches. */
  #renamings(): number {
    const [count = 0, at = 0] = this.#read().map(Number)
    // Whoever signs in anew on a page of the server does so now and then.
    return count >= MOST_RENAMINGS || this.#ports.clock.wall() - at < SOON_MS ? count : 0
  }

  #read(): string[] {
    return (this.#ports.shared.read(this.#key) ?? this.#noted).split(' ')
  }

  #write(count: number, id: string): void {
    this.#noted = `${count} ${this.#ports.clock.wall()} ${id}`
    this.#ports.shared.write(this.#key, this.#noted)
  }
}
