/* A sign-in at a provider, and who was in that browser before. */
import { expect, it } from 'vitest'
import { generateKey, keySet, memoryStore } from 'latchkey/server'
import { createStage, type StageBrowser } from './providers-support.ts'
import { createTestClock, DAY } from './support.ts'

const away = { from: 'another site' } as const
const shownIn = async (browser: StageBrowser): Promise<string | undefined> =>
  ((await browser.ask('/auth/session')) as { user?: { id: string } } | null)?.user?.id

it.each<['session' | 'token', string]>([
  ['session', 'bob'],
  ['session', 'ada'],
  ['token', 'bob'],
])(
  'R150 S67 on the way to %s mode a sign-in that another site has led to leaves no cookie of %s from before',
  async (prefer, before) => {
    const time = createTestClock()
    const stored = { store: memoryStore({ clock: time }), keys: keySet({ sign: await generateKey() }) }
    const old = createStage({ ...stored, mode: prefer === 'session' ? 'token' : 'session' }, time)
    const { jar, call } = old.browser()
    expect((await call('/auth/login', { user: before })).status).toBe(200)
    time.advance(DAY)
    const { apple, browser } = createStage({ ...stored, mode: 'both', prefer }, time)
    const person = browser(jar)
    const callback = apple.answer(await person.go('/auth/start?provider=apple', away), 'ada')
    expect((await person.post(callback, callback.searchParams)).status).toBe(303)
    const names = jar.all().map(({ name }) => name.replace('__Host-', ''))
    expect(names.filter((name) => /^(?:sid|refresh)$/.test(name))).toEqual([
      prefer === 'session' ? 'sid' : 'refresh',
    ])
    if (prefer === 'token') return
    const held = (await person.ask('/auth/session')) as Record<string, string>
    expect(await shownIn(person)).toBe('ada')
    const proof = { 'x-csrf-token': held['csrf_token'] ?? '' }
    expect((await person.call('/auth/logout', { session_id: held['session_id'] }, proof)).status).toBe(204)
    expect([await shownIn(person), (await person.call('/auth/refresh')).status]).toEqual([undefined, 401])
  },
)
