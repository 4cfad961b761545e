import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { AuthError } from '../../src/errors.js'
import { resolveOptions } from '../../src/options/resolve.js'
import type { AuthClientOptions } from '../../src/options/types.js'
import type { Context } from '../../src/plumbing/context.js'
import { baseUrl, endpointUrl } from '../../src/wire/endpoints.js'
import { checkReturnTo } from '../../src/acts/return-to.js'
import { BEGIN } from '../../src/words.js'
import { createKit, ORIGIN, settle } from '../support/kit.js'

const PAGE = `${ORIGIN}/app/orders?page=2`

/** All that the check looks at. */
function check(returnTo: unknown, options: AuthClientOptions = {}, page = PAGE): string {
  const context = { options: resolveOptions(options), ports: { page: { url: () => page } } }
  return checkReturnTo(context as unknown as Context, returnTo, { AuthError, BEGIN, baseUrl, endpointUrl })
}

const code = (returnTo: unknown, options?: AuthClientOptions, page?: string): unknown => {
  try {
    return check(returnTo, options, page)
  } catch (error) {
    return error instanceof AuthError ? error.code : error
  }
}

const TRICKS: Record<string, unknown> = {
  'another host': '//evil.example',
  'another host with path': '//evil.example/orders',
  'three slashes': '///evil.example',
  'slash and backslash': '/\\evil.example',
  'two backslashes': '\\\\evil.example',
  'backslash and slash': '\\/evil.example',
  'a backslash inside': '/orders\\..\\evil',
  'an encoded slash': '/%2fevil.example',
  'an encoded slash and a slash': '/%2f/evil.example',
  'an encoded slash in capitals': '/%2F%2Fevil.example',
  'an encoded backslash': '/%5cevil.example',
  'an encoded backslash in capitals': '/%5C%5Cevil.example',
  'a slash encoded twice': '/%252fevil.example',
  'a slash encoded three times': '/%25252fevil.example',
  'a backslash encoded twice': '/%255cevil.example',
  'an encoded slash far inside': '/a/b%2f%2fevil.example',
  'a dot that goes away': '/.//evil.example',
  'an encoded dot that goes away': '/%2e//evil.example',
  'two dots that go away': '/a/..//evil.example',
  'encoded dots': '/%2e%2e//evil.example',
  'half-encoded dots': '/a/.%2E//evil.example',
  'two slashes inside': '/a//b',
  'a tab before the second slash': '/\t/evil.example',
  'a line feed': '/\n/evil.example',
  'a carriage return': '/\r/evil.example',
  'a tab before a backslash': '/\t\\evil.example',
  NUL: '/\u0000/evil.example',
  'an encoded NUL': '/a%00b',
  'an encoded line break': '/a%0d%0aSet-Cookie:x=1',
  'a line break encoded twice': '/a%250d%250aX:1',
  DEL: '/a\u007fb',
  'a C1 control character': '/a\u0085b',
  'a control character in the query': '/a?b=\u0001',
  'a backslash in the query': '/a?b=\\',
  'javascript:': 'javascript:alert(1)',
  'javascript: with a slash': '/javascript:alert(1)/..//evil',
  'data:': 'data:text/html,x',
  'a whole URL': 'https://evil.example/',
  'a whole URL of this origin': `${ORIGIN}/orders`,
  'a scheme without slashes': 'https:evil.example',
  'a scheme with one slash': 'https:/evil.example',
  'user and password': '//app.example.com@evil.example/',
  'a relative path': 'orders',
  'a path that goes up': '../orders',
  'a query alone': '?a=b',
  'a hash alone': '#a',
  'a blank before it': ' /orders',
  nothing: '',
  'a broken encoding': '/%',
  'an overlong encoding of a slash': '/%c0%af%c0%afevil.example',
  'a very long path': `/${'a'.repeat(3000)}`,
  null: null,
  'a number': 5,
  'an object': { toString: () => '/orders' },
  'an array': ['/orders'],
}

it.each(Object.entries(TRICKS))('SEC-02 R96 %s is refused', (_name, returnTo) => {
  expect(code(returnTo)).toBe('invalid_return_to')
})

const HONEST = [
  '/',
  '/orders',
  '/orders/',
  '/orders?page=2&sort=a#row-7',
  '/search/100%25',
  '/search/100%25/x',
  '/a%20b?x=//y#z',
  '/a?next=https://elsewhere.example/%2f%5c',
  '/a#//b',
  '/users/@ann',
  '/a:b/c;d=e',
  '/%C3%BCber/uns',
  '/orders/%7Bid%7D',
  '/a...b/..c',
]

it.each(HONEST)('R96 %s comes through with query and hash', (path) => {
  expect(check(path)).toBe(path)
})

it('R96 a path is returned as the browser writes it', () => {
  expect(check('/über uns?x=ä b#ö')).toBe('/%C3%BCber%20uns?x=%C3%A4%20b#%C3%B6')
  expect(check('/a/../b/./c')).toBe('/b/c')
  expect(check('/a/%2e%2e/b')).toBe('/b')
})

it.each([
  '\u2215',
  '\uff0f',
  '\u2044',
  '\u29f8',
  '\uff3c',
  '\u3002',
  '\uff0e\uff0e',
  '\u2025',
  '\u202e',
  '\ufeff',
])(
  'SEC-02 a letter that looks like a slash or a dot (%j) stays a letter of a path of this origin',
  (letter) => {
    for (const path of [`/${letter}evil.example`, `/${letter}${letter}evil.example`, `/a${letter}/b`]) {
      const result = check(path)
      expect(result).toMatch(/^\/[\x21-\x7e]*$/)
      expect(result).toContain('%')
      expect(new URL(result, ORIGIN).href).toBe(ORIGIN + result)
    }
  },
)

it('SEC-02 whatever is accepted leads to the own origin, and to the same place however it is read again', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '\\',
      '.',
      '..',
      '%2f',
      '%5C',
      '%2e',
      '%25',
      '%252f',
      '\t',
      '\n',
      '@',
      ':',
      '?',
      '#',
      ';',
      '\u0000',
    ],
    ...['evil.example', 'a', 'javascript', 'https', '\uff0f', '\u2215', '%00', '%0a', '%', 'auth', 'login'],
  )
  const path = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`)
  fc.assert(
    fc.property(fc.oneof(path, fc.string({ unit: 'binary' }), fc.webUrl()), (returnTo) => {
      const result = code(returnTo)
      if (result === 'invalid_return_to') return
      expect(result).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
      const target = new URL(result as string, ORIGIN)
      expect(target.href).toBe(ORIGIN + (result as string))
      expect(new URL(`${ORIGIN}${result as string}`).origin).toBe(ORIGIN)
      // A server that decodes the path before it redirects does not come to another host either.
      expect(new URL(decodeURIComponent(target.pathname), ORIGIN).origin).toBe(ORIGIN)
      expect(code(result)).toBe(result)
    }),
    { numRuns: 3000 },
  )
})

const ROUTES: AuthClientOptions = {
  endpoints: { login: '/auth/login', start: '/auth/start' },
  authRoutes: ['/sign-in', '/Register/'],
}

it.each([
  '/auth/login',
  '/auth/login/',
  '/auth/login?x=1',
  '/auth/login#x',
  '/AUTH/Login',
  '/auth/%6cogin',
  '/auth/%256cogin',
  '/auth/x/../login',
  '/auth/login/deeper',
  '/auth/start',
  '/auth/refresh',
  '/auth/logout',
  '/auth/session',
  '/sign-in',
  '/Sign-In/',
  '/sign-in/step-2?x',
  '/register',
  '/register/',
  '/REGISTER/now',
])('R96 %s leads back into the sign-in and is refused', (path) => {
  expect(code(path, ROUTES)).toBe('invalid_return_to')
})

it.each([
  '/auth',
  '/auth/',
  '/auth/loginish',
  '/auth/login-help',
  '/sign-in-help',
  '/signin',
  '/registers',
  '/x/auth/login',
])('R96 %s only looks like an auth route and comes through', (path) => {
  expect(check(path, ROUTES)).toBe(path)
})

it('R96 a sign-in page at the root closes the root alone', () => {
  const options: AuthClientOptions = { authRoutes: ['/'] }
  expect(code('/', options)).toBe('invalid_return_to')
  expect(code('/?x#y', options)).toBe('invalid_return_to')
  expect(check('/orders', options)).toBe('/orders')
})

it('R96 the routes of auth endpoints on another origin close nothing here', () => {
  expect(check('/auth/login', { baseUrl: 'https://api.example.com' })).toBe('/auth/login')
})

it('SEC-02 the origin of the page counts, not that of the backend', () => {
  const options: AuthClientOptions = { baseUrl: 'https://api.example.com' }
  expect(code('//api.example.com/orders', options)).toBe('invalid_return_to')
  expect(code('https://api.example.com/orders', options)).toBe('invalid_return_to')
})

it('SEC-02 R96 a trick neither navigates nor leaves a trace, and an honest path reaches the backend whole', async () => {
  const kit = createKit()
  await expect(kit.auth.loginWithRedirect({ returnTo: '//evil.example' })).rejects.toMatchObject({
    code: 'invalid_return_to',
  })
  await settle()
  expect(kit.navigated).toEqual([])
  expect(kit.tabStorage.size).toBe(0)
  kit.on('/auth/refresh', () => new Response(null, { status: 401 }))
  await kit.auth.loginWithRedirect({ returnTo: '/a%20b?x=//y&z=ü#top' })
  const [url] = kit.navigated
  expect(new URL(url!).origin).toBe(ORIGIN)
  expect(new URL(url!).searchParams.get('return_to')).toBe('/a%20b?x=//y&z=%C3%BC#top')
})
