/** Of the path as it goes into a `Location` header and into a cookie. */
const LONGEST = 2048
/** Any origin will do: what leaves it is no path. */
const BASE = 'https://return-to.invalid'
/** Encoded slashes, backslashes and control characters, however many times encoded. */
const DISGUISED = /%(?:25)*(?:2f|5c|7f|[01][0-9a-f])/i
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const RAW = /[\u0000-\u001f\u007f\\]/

/**
 * The path a sign-in may return to, undefined for everything that could lead elsewhere: this must be no open
 * redirector (RFC 9700 4.11). What is under our own paths is refused too: it would begin the sign-in again.
 */
export function safeReturnTo(value: string, own: readonly string[]): string | undefined {
  if (value.length > LONGEST || !/^\/(?!\/)/.test(value) || RAW.test(value)) return undefined
  if (!URL.canParse(value, BASE)) return undefined
  const url = new URL(value, BASE)
  // Dot segments are resolved by now, and `/.//host` has become `//host`.
  if (url.origin !== BASE || url.pathname.startsWith('//') || DISGUISED.test(url.pathname)) return undefined
  const path = decoded(url.pathname)?.toLowerCase()
  if (path === undefined || own.some((one) => `${path}/`.startsWith(`${one.toLowerCase()}/`)))
    return undefined
  const whole = url.pathname + url.search + url.hash
  return whole.length > LONGEST ? undefined : whole
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
