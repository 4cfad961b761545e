import { expect, test } from './fixtures.ts'
import type { BodyKind } from './pages/bodies.ts'
import type { Seen } from './server.ts'

const kinds: readonly BodyKind[] = [
  'text',
  'parameters',
  'blob',
  'buffer',
  'view',
  'form',
  'request text',
  'request parameters',
  'request blob',
  'request buffer',
  'request view',
  'request form',
]

const boundaryOf = ({ headers }: Seen): string | undefined =>
  /boundary=(\S+)$/.exec(headers.get('content-type') ?? '')?.[1]

/** Type and bytes; each sending of a form draws a boundary, so that is left out. */
function bytes(seen: Seen): [string, string] {
  const type = seen.headers.get('content-type') ?? ''
  const text = seen.body.toString('latin1')
  const boundary = boundaryOf(seen)
  if (boundary === undefined) return [type, text]
  expect(text).toContain(`--${boundary}--`)
  return [type.replace(boundary, '…'), text.replaceAll(boundary, '…')]
}

test('R56 a body of every kind is sent again byte by byte after a 401', async ({ app, server }) => {
  await app.signIn()
  for (const kind of kinds) {
    // Anew for each, since the breaker takes one early renewal after the other for a loop.
    await app.open()
    server.seen.length = 0
    server.rejections = 1
    expect([kind, await app.run('send', kind)]).toMatchObject([kind, { status: 200, text: 'heard' }])
    const [first, second, ...more] = server.seen.filter(({ path }) => path === '/echo') as [Seen, Seen]
    expect(more).toEqual([])
    expect(first.body.length, kind).toBeGreaterThan(5)
    expect([kind, ...bytes(second)]).toEqual([kind, ...bytes(first)])
    // Each attempt goes out with a token of its own.
    expect(second.headers.get('authorization')).not.toBe(first.headers.get('authorization'))
  }
})

test('R56 a stream is sent once or not at all, and never replayed', async ({ app, server }) => {
  await app.signIn()
  server.rejections = 1
  // Chromium sends streams over HTTP/2 only, and says so with the error of `fetch`.
  const fault = await app.fails('send', 'stream')
  expect([fault.name, fault.code]).toEqual(['TypeError', undefined])
  expect(server.count('/echo')).toBe(0)
  expect(server.count('/auth/refresh')).toBe(0)
  await app.expectUser('ada')
})
