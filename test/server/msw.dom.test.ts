import { expect, it } from 'vitest'
import { createBackendHandlers } from '../../src/testing/msw.ts'
import { ADA, createTestBackend } from './support.ts'

it('BBA-01 under MSW the page reads the hint in document.cookie and no other cookie', async () => {
  const backend = await createTestBackend({ cookies: { hint: 'signed-in', insecureCookies: true } })
  const [resolver] = createBackendHandlers(backend, {
    http: { all: (_path, resolve) => resolve },
    origin: location.origin,
  })
  const send = (path: string, body?: object): Promise<Response> | undefined =>
    resolver?.({
      request: new Request(new URL(path, location.href), {
        method: 'POST',
        headers: { 'x-csrf': '1', 'content-type': 'application/json' },
        body: JSON.stringify(body ?? {}),
      }),
    })
  const answer = await send('/auth/login', ADA)
  expect(answer?.status).toBe(200)
  expect(document.cookie).toBe('signed-in=1')
  expect((await send('/auth/refresh'))?.status).toBe(200)
  expect((await send('/auth/logout'))?.status).toBe(204)
  expect(document.cookie).toBe('')
})
