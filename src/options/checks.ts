import * as words from '../words.js'

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

/** What an option must be is said by the development build alone. */
export type Rule = readonly [isValid: (value: unknown, name: string) => boolean, expected: string | undefined]

export const SECONDS: Rule = [(value) => value === 0 || isPositive(value), words.SECONDS]
export const MILLISECONDS: Rule = [isPositive, words.MILLISECONDS]

export function check(valid: boolean, option: string, expected: string | undefined): asserts valid {
  if (!valid) throw new TypeError(words.wrongOption(option, expected))
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
  check(isObject(given), option, words.OBJECT)
  const stranger = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (stranger === undefined) return { __proto__: null, ...given } as {}
  throw new TypeError(words.unknownOption(prefix, stranger, Object.keys(known)))
}

/** An option that is an object of its own, whose names are those of its defaults; an explicit undefined means the default. */
export function group<Defaults extends object>(
  option: string,
  defaults: Defaults,
  given: object | undefined,
  [isValid, expected]: Rule,
): Defaults {
  // The same for all clients, which nobody writes to.
  if (given === undefined) return defaults
  const settings = { ...defaults }
  for (const [name, value] of Object.entries(own(option, given, defaults))) {
    if (value === undefined) continue
    check(isValid(value, name), `${option}.${name}`, expected)
    Object.assign(settings, { [name]: value })
  }
  return settings
}

/** An option that is a list of objects, each with its own members alone; those of the defaults have them all. */
export function list<Item extends object>(
  option: string,
  given: readonly Item[],
  known: { readonly [Name in keyof Item]-?: unknown },
  [isValid, expected]: Rule,
  defaults: readonly Item[],
): readonly Item[] {
  if (given === defaults) return defaults
  check(Array.isArray(given), option, words.ARRAY)
  return Object.values(given).map((one, index) => {
    const name = `${option}[${index}]`
    const item = own(name, one, known)
    check(isValid(item, name), name, expected)
    return item as Item
  })
}
