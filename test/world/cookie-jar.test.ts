import { describe, expect, it } from 'vitest'
import { createCookieJar } from '../../src/testing/world/cookie-jar.js'

const HOST = new URL('https://app.example/auth/refresh')

function jarWith(...lines: string[]) {
  let wall = 1_000_000
  const jar = createCookieJar(() => wall)
  jar.store(HOST, lines, true)
  return {
    jar,
    pass: (ms: number) => (wall += ms),
    header: (url = HOST, sameSite = true) => jar.header(url, sameSite),
  }
}

describe('the cookie jar', () => {
  it('sends back what an answer set, the longest path first', () => {
    const { header } = jarWith('a=1; Path=/', 'b=2; Path=/auth')
    expect(header()).toBe('b=2; a=1')
  })

  it.each([
    ['__Host-s=1; Path=/; Secure', '__Host-s=1'],
    ['__Host-s=1; Path=/auth; Secure', undefined],
    ['__Host-s=1; Path=/', undefined],
    ['__Host-s=1; Path=/; Secure; Domain=app.example', undefined],
    ['__Secure-s=1', undefined],
    ['s=1; SameSite=None', undefined],
    ['s=1; Domain=example.org', undefined],
    ['s=1; Domain=example', 's=1'],
    ['=1', undefined],
    ['s', undefined],
    ['s=a=b==', 's=a=b=='],
  ])('takes or drops "%s"', (line, header) => {
    expect(jarWith(line).header()).toBe(header)
  })

  it('drops a Secure cookie from a plain http origin, but takes it from localhost', () => {
    const { jar } = jarWith()
    jar.store(new URL('http://app.example/'), ['s=1; Secure'], true)
    expect(jar.all()).toEqual([])
    jar.store(new URL('http://localhost/'), ['s=1; Secure'], true)
    expect(jar.all()).toHaveLength(1)
  })

  it('keeps a cookie to its host, its path and its site', () => {
    const { header } = jarWith(
      'host=1; Path=/',
      'wide=1; Path=/; Domain=app.example',
      'deep=1; Path=/auth/refresh',
    )
    expect(header(new URL('https://api.app.example/'))).toBe('wide=1')
    expect(header(new URL('https://app.example/auth/refreshed'))).toBe('host=1; wide=1')
    expect(header(HOST, false)).toBeUndefined()
  })

  it('the last arrival wins, and a deletion deletes', () => {
    const { jar, header } = jarWith('s=1; Path=/', 's=2; Path=/')
    expect(header()).toBe('s=2')
    jar.store(HOST, ['s=; Path=/; Max-Age=0'], true)
    expect(header()).toBeUndefined()
  })

  it('forgets a cookie at its end: Max-Age goes before Expires', () => {
    const { header, pass } = jarWith('s=1; Path=/; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
    pass(9_999)
    expect(header()).toBe('s=1')
    pass(1)
    expect(header()).toBeUndefined()
    expect(jarWith('s=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT').header()).toBeUndefined()
  })

  it('hides HttpOnly cookies from script', () => {
    const { jar } = jarWith('s=1; Path=/; HttpOnly', 'hint=1; Path=/')
    expect(jar.readable(HOST, 's')).toBeUndefined()
    expect(jar.readable(HOST, 'hint')).toBe('1')
  })
})
