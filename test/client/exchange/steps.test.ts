/* Sign-ins of several steps: an answer that asks for more is a result. */
import { expect, it } from 'vitest'
import { outcome } from '../../support/client.js'
import { ANN, createKit, grant, json, refusal, signedIn } from '../../support/kit.js'

interface Step {
  type: 'totp'
  ticket: string
  expires_in?: number
}

const parseStep = (body: unknown) => (body as { step?: Step } | undefined)?.step
const STEP: Step = { type: 'totp', ticket: 'sealed', expires_in: 300 }

it.each([200, 401, 403])('R121 a sign-in that is answered %i with a step is a result', async (status) => {
  const kit = createKit<unknown, Step>({ parseStep })
  kit.on('/auth/session', () => json(null))
  kit.on('/auth/refresh', () => refusal())
  await kit.auth.ready()
  kit.on('/auth/login', () => json({ step: STEP }, { status }))
  const now = kit.clock.wall()
  expect(await kit.auth.login({ email: 'ann' })).toEqual({
    status: 'more',
    step: STEP,
    expiresAt: now + 300_000,
  })
  expect(kit.requests.filter(({ path }) => path === '/auth/logout')).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
})

it('R121 the next step carries the one before as it came, and signs in', async () => {
  const kit = createKit<unknown, Step>({ parseStep })
  kit.on('/auth/session', () => json(null))
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', ({ body }) =>
    (body as { code?: string }).code === '123456' ? grant(1) : json({ step: STEP }),
  )
  const first = await kit.auth.login({ email: 'ann' })
  if (first.status !== 'more') throw new Error(first.status)
  expect(await kit.auth.login({ code: '123456' }, { after: first.step })).toMatchObject({
    status: 'authenticated',
    user: ANN,
  })
  expect(kit.sent('/auth/login')[1]?.body).toEqual({ code: '123456', step: STEP })
})

it('R121 a step ends nothing for who is signed in, and a code that is wrong leaves the step as it is', async () => {
  const kit = await signedIn<unknown, Step>({ parseStep })
  kit.on('/auth/login', () => json({ step: STEP }))
  expect(await kit.auth.login({ email: 'bob' })).toMatchObject({ status: 'more' })
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
  kit.on('/auth/login', () => json({ error: 'invalid_code' }, { status: 401 }))
  expect(await outcome(kit.auth.login({ code: '1' }, { after: STEP }))).toBe('login_refused')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
})

it('R121 an exchange that is answered with a step says so', async () => {
  const kit = await signedIn<unknown, Step>({ parseStep })
  kit.on('/auth/act-as', () => json({ step: { ...STEP, expires_in: undefined } }, { status: 401 }))
  const result = await kit.auth.exchange(({ fetch }) => fetch('/auth/act-as', { method: 'POST' }))
  expect(result).toMatchObject({ status: 'more', step: { type: 'totp' }, expiresAt: undefined })
})

it('R121 a reader that throws reads no step', async () => {
  const kit = createKit({
    parseStep: () => {
      throw new Error('token-1')
    },
  })
  kit.on('/auth/login', () => grant(1))
  expect(await kit.auth.login({})).toMatchObject({ status: 'authenticated' })
})
