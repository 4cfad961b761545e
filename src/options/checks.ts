/** Every option with the value it has after all. */
export type Defined<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> }

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
export const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
export const isFunction = (value: unknown): boolean => typeof value === 'function'
export const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
export const isPositive = (value: unknown): boolean => Number.isFinite(value) && (value as number) > 0
export const isListOf = (is: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(is)
// A URL parser drops tabs and line breaks, so that one of them after the slash may hide a second slash.
export const isPath = (value: unknown): boolean => isText(value) && /^\/(?![/\\\s])/.test(value)

export function isHeader(value: unknown): boolean {
  if (!isListOf(isText)(value)) return false
  try {
    return [...new Headers([value as [string, string]])].length === 1
  } catch {
    return false
  }
}

export type Rule = readonly [isValid: (value: unknown, name: string) => boolean, expected: string]

export const SECONDS: Rule = [
  (value) => value === 0 || isPositive(value),
  'a number of seconds, zero or more',
]
export const MILLISECONDS: Rule = [isPositive, 'a number of milliseconds above zero']

export function check(valid: boolean, option: string, expected: string): asserts valid {
  if (!valid) throw new TypeError(`Failed to create the auth client: "${option}" must be ${expected}.`)
}

/**
 * An object of options, with its own members alone and without a prototype: what somebody has added to `Object.prototype` is no word
 * of the developer's. A name that is not among the known ones is a mistake, and never passed over.
 */
export function own<Known extends object>(
  option: string,
  given: unknown,
  known: Known,
  prefix = `${option}.`,
): { [Name in keyof Known]?: unknown } {
  check(isObject(given), option, 'an object')
  const stranger = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (stranger === undefined) return { __proto__: null, ...given } as {}
  const distance = (name: string) => apart(name, stranger) + apart(stranger, name)
  const [nearest = ''] = Object.keys(known).sort((a, b) => distance(a) - distance(b))
  throw new TypeError(
    `Failed to create the auth client: there is no option "${prefix + stranger}". The nearest is "${prefix + nearest}".`,
  )
}

/** How many letters of a name the other one lacks: near enough to find what was meant. */
const apart = (name: string, other: string): number =>
  name
    .toLowerCase()
    .split('')
    .filter((letter) => !other.toLowerCase().includes(letter)).length

/** An option that is an object of its own, whose names are those of its defaults; an explicit undefined means the default. */
export function group<Defaults extends object>(
  option: string,
  defaults: Defaults,
  given: object = {},
  [isValid, expected]: Rule,
): Defaults {
  const settings = { ...defaults }
  for (const [name, value] of Object.entries(own(option, given, defaults))) {
    if (value === undefined) continue
    check(isValid(value, name), `${option}.${name}`, expected)
    Object.assign(settings, { [name]: value })
  }
  return settings
}

/** An option that is a list of objects, each with its own members alone. */
export function list<Item extends object>(
  option: string,
  given: readonly Item[],
  known: { readonly [Name in keyof Item]-?: unknown },
  [isValid, expected]: Rule,
): Item[] {
  check(Array.isArray(given), option, 'an array')
  return Object.values(given).map((one, index) => {
    const name = `${option}[${index}]`
    const item = own(name, one, known)
    check(isValid(item, name), name, expected)
    return item as Item
  })
}
