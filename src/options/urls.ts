import { check } from './checks.js'

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/

export const isLoopback = (hostname: string): boolean => LOOPBACK.test(hostname)

function secureUrl(value: string | URL, option: string): URL {
  let url: URL | undefined
  try {
    url = new URL(value)
  } catch {
    // Answered below, in the words of the option.
  }
  check(
    url !== undefined && !url.username && !url.password,
    option,
    'an absolute URL such as "https://api.example.com"',
  )
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
  check(secure, option, 'an https URL, or http on a loopback host')
  return url
}

export function plainUrl(value: string | URL): URL {
  const url = secureUrl(value, 'baseUrl')
  check(!url.search && !url.hash, 'baseUrl', 'a URL without query and fragment')
  return url
}

export function exactOrigin(value: unknown, option: string): string {
  const url = secureUrl(value as string, option)
  check(value === url.origin, option, `an origin without path, such as "${url.origin}"`)
  return url.origin
}
