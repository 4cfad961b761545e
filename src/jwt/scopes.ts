/** A scope of RFC 6749, 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** The scopes of a text with spaces or of a list, one by one; undefined where it is neither. */
export function scopesIn(value: unknown): string[] | undefined {
  const list: unknown = typeof value === 'string' ? value.split(' ').filter((one) => one !== '') : value
  const isScope = (one: unknown): boolean => typeof one === 'string' && SCOPE.test(one)
  return Array.isArray(list) && list.every(isScope) ? [...new Set(list as string[])] : undefined
}
