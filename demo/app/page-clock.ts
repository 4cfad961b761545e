const { now } = Date
let ahead = 0

/** Puts the clock of this page ahead of the machine's, as a machine finds it that has slept. Zero puts it back. */
export function setAhead(milliseconds: number): void {
  ahead = milliseconds
  Date.now = ahead === 0 ? now : () => now() + ahead
}
