import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { browserPage } from '../../src/browser/page.js'
import { createAuthClient } from '../../src/index.js'

afterEach(() => {
  vi.restoreAllMocks()
  for (const pair of document.cookie.split('; ')) document.cookie = `${pair.split('=')[0]}=; Max-Age=0`
})

const cookies = (text: string) => vi.spyOn(document, 'cookie', 'get').mockReturnValue(text)

it('there is a page, with the URL it has now', () => {
  expect(browserPage.exists).toBe(true)
  history.replaceState(null, '', '/orders?page=2#top')
  expect(browserPage.url()).toBe(location.href)
})

it.each([
  'about:blank',
  'about:srcdoc',
  'blob:https://app.example.com/x',
  'file:///index.html',
  'data:text/html,x',
])('R22 %s is no base, and no reason to throw', (base) => {
  vi.spyOn(document, 'baseURI', 'get').mockReturnValue(base)
  vi.spyOn(document, 'URL', 'get').mockReturnValue(base)
  expect(() => browserPage.url()).not.toThrow()
})

function base(href: string): void {
  const element = Object.assign(document.createElement('base'), { href })
  document.head.append(element)
  onTestFinished(() => element.remove())
}

it('relative URLs are resolved against the base of the document, as fetch does', () => {
  base('/app/')
  expect(browserPage.url()).toBe(`${location.origin}/app/`)
})

it('R96 the path to come back to is that of the page, also with a base', () => {
  history.replaceState(null, '', '/orders?page=2#top')
  onTestFinished(() => history.replaceState(null, '', '/'))
  base('/')
  expect(browserPage.path()).toBe('/orders?page=2#top')
})

it.each([
  'https://evil.example/',
  `${location.protocol}//${location.hostname}.evil.example/`,
  '//evil.example/a/b',
])('SEC-08 a base element that points to %s does not make that the origin that gets credentials', (href) => {
  base(href)
  expect(document.baseURI).toContain('evil.example')
  expect(browserPage.url()).toBe(location.href)
})

it('SEC-08 with such a base element a login goes to the origin of the page', async () => {
  base('https://evil.example/')
  const asked: string[] = []
  const fetch = (input: string | URL | Request): Promise<Response> => {
    asked.push(new URL(input instanceof Request ? input.url : input).origin)
    return Promise.resolve(new Response(null, { status: 503 }))
  }
  const auth = createAuthClient({ fetch, development: false })
  await expect(auth.login({ password: 'secret' })).rejects.toMatchObject({ code: 'server_error' })
  expect(new Set(asked)).toEqual(new Set([location.origin]))
  auth.dispose()
})

it('a cookie is read by its whole name', () => {
  document.cookie = 'xsigned_in=no'
  document.cookie = 'signed_in=yes'
  document.cookie = 'signed_in2=no'
  expect(browserPage.cookie('signed_in')).toBe('yes')
  expect(browserPage.cookie('signed')).toBeUndefined()
  expect(browserPage.cookie('missing')).toBeUndefined()
})

it('a value may be empty and may hold equals signs', () => {
  cookies('a=; b=x=y==; c')
  expect(browserPage.cookie('a')).toBe('')
  expect(browserPage.cookie('b')).toBe('x=y==')
  expect(browserPage.cookie('c')).toBeUndefined()
})

it('R72 of a name that stands twice the first counts, as the most specific path comes first', () => {
  cookies('a=one; a=two')
  expect(browserPage.cookie('a')).toBe('one')
})

it('a name with characters of a pattern is a name', () => {
  cookies('aXb=no; a.b=yes')
  expect(browserPage.cookie('a.b')).toBe('yes')
})

it('R73 where reading cookies throws, as in a sandboxed frame, there is none', () => {
  vi.spyOn(document, 'cookie', 'get').mockImplementation(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  expect(browserPage.cookie('a')).toBeUndefined()
})

it('reads a meta element by its name alone', () => {
  document.head.innerHTML =
    '<meta name="csrf-token" content="abc=="><meta name="a" content="x"><meta property="csrf" content="no">'
  expect(browserPage.meta('csrf-token')).toBe('abc==')
  expect(browserPage.meta('csrf')).toBeUndefined()
  expect(browserPage.meta('"]')).toBeUndefined()
  document.head.innerHTML = ''
})

it('R74 knows a frame of another origin, and the top from it', () => {
  expect(browserPage.embedded()).toBe(false)
  const foreign = vi.spyOn(globalThis, 'top', 'get').mockImplementation(() => {
    return {
      get location(): never {
        throw new DOMException('Blocked a frame', 'SecurityError')
      },
    } as unknown as Window
  })
  expect(browserPage.embedded()).toBe(true)
  foreign.mockRestore()
})
