import { expect, test } from './fixtures.ts'

/** More than what a browser keeps open to one host over HTTP/1.1, which is six. */
const TRIES = 7

test('R103 refreshes that are never answered are given up, so that the browser has connections left for the application', async ({
  app,
  server,
}) => {
  server.client = { timeouts: { request: 500 }, refreshGrace: 5.5, retry: { base: 100, cap: 100 } }
  await app.signIn()
  const held = Array.from({ length: TRIES }, () => server.hold('/auth/refresh', 'request'))
  await app.begin('refresh', true)
  for (const { arrived } of held) {
    await arrived
    // The token is still good.
    expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  }
})
