/* Two logins of one page at once. */
import { expect, it } from 'vitest'
import { NO_LOCKS, outcome } from '../../support/client.js'
import { ANN, BOB, createKit, grant, refusal, signedIn } from '../../support/kit.js'

it('two logins at once: one after the other, and the later one stands', async () => {
  const kit = await signedIn()
  kit.on('/auth/login', (_request, count) =>
    count === 2 ? grant(40, { user: ANN, session_id: 's4' }) : grant(50, { user: BOB, session_id: 's5' }),
  )
  const both = await Promise.all([
    outcome(kit.auth.login({ as: 'ann' })),
    outcome(kit.auth.login({ as: 'bob' })),
  ])
  expect(both[1]).toBe('resolved')
  expect(kit.auth.getState()).toMatchObject({ user: BOB, sessionId: 's5' })
})

it('R05 two logins at once, as by a double click, without locks: one after the other, and nobody is revoked', async () => {
  const kit = createKit({}, { ports: { locks: NO_LOCKS } })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const ready = kit.auth.ready()
  await kit.clock.advance(2000)
  await ready
  const answers: ((response: Response) => void)[] = []
  kit.on('/auth/login', () => new Promise((resolve) => answers.push(resolve)))
  const logins = [kit.auth.login({ n: 1 }), kit.auth.login({ n: 2 })]
  await kit.clock.advance(300)
  expect(answers).toHaveLength(1)
  answers[0]!(grant(1, { session_id: 's1' }))
  await kit.clock.advance(300)
  answers[1]!(grant(2, { session_id: 's2' }))
  await Promise.all(logins)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's2' })
  expect(kit.sent('/auth/logout')).toEqual([])
})
