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

/** An option that is an object of its own; an explicit undefined means the default. */
export function group<Defaults extends object>(
  option: string,
  defaults: Defaults,
  given: object = {},
  [isValid, expected]: Rule,
): Defaults {
  check(isObject(given), option, 'an object')
  const settings = { ...defaults }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    check(isValid(value, name), `${option}.${name}`, expected)
    Object.assign(settings, { [name]: value as unknown })
  }
  return settings
}
