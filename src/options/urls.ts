import * as words from '../words.js'
import { check } from './checks.js'

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/

/** An IPv6 address, or what a name is made of: to a URL parser `*` and `{}` are letters of a host, which nobody has. */
const EXACT = /^(\[|\w[\w.-]*$)/

export const isLoopback = (hostname: string): boolean => LOOPBACK.test(hostname)

function secureUrl(value: string | URL, option: string): URL {
  let url: URL | undefined
  try {
    url = new URL(value)
  } catch {
    // Answered below, in the words of the option.
  }
  check(url !== undefined && !url.username && !url.password, option, words.URL_ABSOLUTE)
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
  const named = secure && EXACT.test(url.hostname)
  check(named, option, words.URL_SECURE)
  return url
}

export function plainUrl(value: string | URL): URL {
  const url = secureUrl(value, 'baseUrl')
  // The paths of the endpoints are put behind it, and two slashes at the head of a path are the name of another host.
  const isPlain = !url.search && !url.hash && !url.pathname.includes('//')
  check(isPlain, 'baseUrl', words.URL_PLAIN)
  return url
}

export function exactOrigin(value: unknown, option: string): string {
  const url = secureUrl(value as string, option)
  check(value === url.origin, option, words.originAlone(url.origin))
  return url.origin
}
