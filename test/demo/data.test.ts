import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCheapHash } from 'latchkey/testing'
import { afterAll, expect, it } from 'vitest'
import { createClock, createDemoBackend } from '../../demo/backend/backend.js'
import { createControl } from '../../demo/backend/control.js'
import { Thief } from '../../demo/backend/thief.js'
import { openData } from '../../demo/server/data.js'
import type { DemoMode } from '../../demo/shared/demo-api.js'
import { createCookieJar } from '../../src/testing/world/cookie-jar.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-demo-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ORIGIN = 'http://localhost:4380'
const ANN = { email: 'ann@example.com', password: 'brass-key-7' }

async function boot(at: string) {
  const clock = createClock()
  const data = (await openData(join(folder, at), clock))!
  const options = { origin: ORIGIN, tokenSeconds: 30, insecureCookies: false }
  const demo = await createDemoBackend(options, createCheapHash(), clock, data.kept)
  return { demo, control: createControl(demo, new Thief()), close: () => data.close() }
}

it.each(['token', 'session', 'both'] satisfies DemoMode[])(
  'R139 the demo server that is started again on its folder knows its people, sessions, tokens and keys: %s',
  async (mode) => {
    let server = await boot(mode)
    const jar = createCookieJar(() => Date.now())
    let [token, csrf] = ['', '']
    const send = async (method: string, path: string, body?: object) => {
      const url = new URL(path, ORIGIN)
      const sent = new Request(url, {
        method,
        headers: {
          'x-csrf': '1',
          'x-csrf-token': csrf,
          ...(body && { 'content-type': 'application/json' }),
          ...(token !== '' && { authorization: `Bearer ${token}` }),
        },
        ...(body && { body: JSON.stringify(body) }),
      })
      const headers = { cookie: jar.header(url, true) ?? '', origin: ORIGIN, 'sec-fetch-site': 'same-origin' }
      const answer = await server.demo.backend.handle(sent, { headers })
      jar.store(url, answer.headers.getSetCookie(), true)
      return answer
    }
    await server.control.request(`/demo/mode/${mode}`, { method: 'PUT' })
    const granted = (await (await send('POST', '/auth/login', ANN)).json()) as Record<string, string>
    token = granted['access_token'] ?? ''
    csrf = granted['csrf_token'] ?? ''
    await server.demo.backend.admin.rotateSigningKeys()
    await server.demo.backend.admin.setRoles('ada', [])
    const keys = await (await send('GET', '/.well-known/jwks.json')).json()
    server.close()

    server = await boot(mode)
    expect(await (await send('GET', '/.well-known/jwks.json')).json()).toEqual(keys)
    expect((await server.demo.users.find('ada'))?.roles).toEqual([])
    // The token, and the CSRF token, of before.
    expect((await send('PUT', '/api/profile', { name: 'Ann Baker' })).status).toBe(200)
    // Chosen once more by the control: a change over goes on until nobody has the old kind.
    const state = (await (await server.control.request('/demo/state')).json()) as { mode: DemoMode }
    expect(state.mode).toBe(mode)
    if (mode !== 'session') expect((await send('POST', '/auth/refresh')).status).toBe(200)
    expect(statSync(join(folder, mode, 'secrets.json')).mode & 0o777).toBe(0o600)
    server.close()
  },
)
