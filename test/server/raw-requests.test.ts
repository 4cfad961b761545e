/* Requests as no browser writes them, by the byte. */
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { nodeHandler } from 'latchkey/server'
import { createStage, LOGIN } from './stage.ts'
import { errorOf, ORIGIN } from './support.ts'

const { auth } = createStage({ throttle: { perAccount: 1000 } })
const handle = nodeHandler(auth)
const server = createServer((request, response) => {
  void handle(request, response).then((isOurs) => isOurs || response.writeHead(404).end('not ours'))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
afterAll(() => new Promise((resolve) => server.close(resolve)))

const BODY = JSON.stringify(LOGIN.body)
const OWN = [`Origin: ${ORIGIN}`, 'X-CSRF: 1', 'Content-Type: application/json']
const without = (name: string): string[] => OWN.filter((line) => !line.startsWith(name))

/** Status and error of the answer to exactly these lines. */
function send(
  path: string,
  lines: readonly string[],
  length = `Content-Length: ${BODY.length}`,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (data: string) => (text += data))
    socket.on('error', reject).on('close', () => {
      const error = /"error":"(\w+)"/.exec(text)?.[1] ?? (text.includes('not ours') ? 'not ours' : '')
      resolve(`${text.slice(9, 12)} ${error}`.trim())
    })
    socket.write(
      ['POST ' + path + ' HTTP/1.1', 'Host: x', 'Connection: close', length, ...lines, '', BODY].join('\r\n'),
    )
  })
}

it.each<[what: string, answer: string, path: string, lines?: string[], length?: string]>([
  ['as it should be', '200', '/auth/login'],
  // Headers that come twice: a proxy may look at the one, and the server at the other.
  ['two Origins, ours first', '403 origin_refused', '/auth/login', [...OWN, 'Origin: https://evil.test']],
  ['two Origins, ours last', '403 origin_refused', '/auth/login', ['Origin: https://evil.test', ...OWN]],
  ['two Origins, both ours', '403 origin_refused', '/auth/login', [...OWN, `Origin: ${ORIGIN}`]],
  ['an empty Origin', '403 origin_refused', '/auth/login', [...without('Origin'), 'Origin:']],
  ['two static headers', '403 csrf_header_missing', '/auth/login', [...OWN, 'X-CSRF: 1']],
  [
    'a static header with more behind it',
    '403 csrf_header_missing',
    '/auth/login',
    [...without('X-CSRF'), 'X-CSRF: 1, 2'],
  ],
  [
    'two kinds of source, from our origin',
    '200',
    '/auth/login',
    [...OWN, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Site: same-origin'],
  ],
  [
    'two types, a form first',
    '415 unsupported_media_type',
    '/auth/login',
    ['Content-Type: text/plain', ...OWN],
  ],
  [
    'a forged Host and forwarded headers',
    '200',
    '/auth/login',
    [
      ...OWN,
      'X-Forwarded-Host: evil.test',
      'Forwarded: host=evil.test;proto=http',
      'X-Forwarded-Proto: http',
    ],
  ],
  ['two lengths', '400', '/auth/login', OWN, `Content-Length: ${BODY.length}\r\nContent-Length: 1`],
  [
    'a length and chunks',
    '400',
    '/auth/login',
    OWN,
    `Content-Length: ${BODY.length}\r\nTransfer-Encoding: chunked`,
  ],
  // Paths: what is not written as an endpoint is none, and a slash at the end is the same call.
  ['a slash at the end', '200', '/auth/login/'],
  ['a query', '200', '/auth/login?x=/../'],
  ['two slashes at the start', '404 not ours', '//auth/login'],
  ['two slashes inside', '404 not ours', '/auth//login'],
  ['two slashes at the end', '404 not_found', '/auth/login//'],
  ['another origin in the path', '404 not ours', '//evil.test/auth/login'],
  ['a whole address', '404 not ours', 'http://evil.test/auth/login'],
  ['dots that lead away', '404 not ours', '/auth/x/../login'],
  ['dots that lead out', '404 not_found', '/auth/login/../../x'],
  ['dots that lead to another endpoint', '401 session_expired', '/auth/login/../refresh'],
  ['encoded dots', '401 session_expired', '/auth/login/%2e%2e/refresh'],
  ['an encoded slash', '404 not ours', '/auth%2flogin'],
  ['an encoded slash behind', '404 not_found', '/auth/login/%2fx'],
  ['an encoded letter', '404 not ours', '/auth/log%69n'],
  ['a backslash', '404 not ours', '/auth\\login'],
  ['capital letters', '404 not ours', '/AUTH/login'],
  ['an encoding that is none', '404 not_found', '/auth/login/%zz'],
  ['a zero byte', '404 not_found', '/auth/login/%00'],
])('R157 a raw request with %s is answered %s', async (_what, answer, path, lines = OWN, length?: string) => {
  expect(await send(path, lines, length)).toBe(answer)
})

it.each([
  [65_536, 200, undefined],
  [65_537, 400, 'invalid_request'],
])('R157 a body of %i bytes is answered %i', async (bytes, status, error) => {
  const empty = JSON.stringify({ ...LOGIN.body, more: '' })
  const body = JSON.stringify({ ...LOGIN.body, more: 'x'.repeat(bytes - empty.length) })
  expect(body).toHaveLength(bytes)
  const headers = { origin: ORIGIN, 'x-csrf': '1', 'content-type': 'application/json' }
  const answer = await auth.handle(new Request(`${ORIGIN}/auth/login`, { method: 'POST', headers, body }))
  if (error === undefined) expect(answer.status).toBe(status)
  else expect(await errorOf(answer)).toEqual([status, error])
})
