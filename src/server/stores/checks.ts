const UNFIT = /[\0\p{Surrogate}]/u

/** What one database takes and another does not is refused by all: a test on the memory store finds it. */
export function checkKey(key: string): string {
  if (key === '' || key.length > 256 || UNFIT.test(key)) {
    throw new TypeError('Failed to reach the store: a key or user id is empty, too long or no proper text')
  }
  return key
}

/** Of a time, a span or a limit: one that is no number, or never ends, would be kept for ever. */
export function checkWhole(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(`Failed to reach the store: "${name}" is no whole number`)
  }
  return value
}
