import { expect, it } from 'vitest'
import { done, memoryStore, refuse, type AuthServer, type CodeToSend } from 'latchkey/server'
import { barrier, controlled } from './shared-store.ts'
import { createStage, type Stage } from './stage.ts'
import { DAY, errorOf, HOUR, MINUTE } from './support.ts'

function createPost(
  options: Parameters<typeof createStage>[0] = {},
): Stage & { readonly sent: CodeToSend[] } {
  const sent: CodeToSend[] = []
  return { ...createStage({ sendCode: (code) => void sent.push(code), ...options }), sent }
}

const wrongOf = (code: string, at = 0): string => {
  const text = String(at).padStart(code.length, '0')
  return text === code ? String(at + 1).padStart(code.length, '0') : text
}

it('R141 S12 S62 a code is good once, for its user and its purpose, and looking at it spends nothing', async () => {
  const { auth, sent, events } = createPost()
  const made = await auth.codes.send('password-reset', 'ada', { to: 'ada@example.com' })
  const code = sent[0]?.code ?? ''
  expect(sent).toEqual([
    { purpose: 'password-reset', userId: 'ada', to: 'ada@example.com', code, expiresAt: expect.any(Number) },
  ])
  expect(made).toEqual({ sent: true, expiresAt: sent[0]?.expiresAt })
  expect(code).toMatch(/^[\w-]{43}$/)
  const his = { ok: true, userId: 'ada', to: 'ada@example.com' }
  // A scanner opens the link as often as it likes.
  for (let i = 0; i < 3; i++) expect(await auth.codes.read('password-reset', code)).toEqual(his)
  expect(await auth.codes.spend('sign-in', code)).toEqual({ ok: false })
  expect(await auth.codes.spend('password-reset', code)).toEqual(his)
  expect(await auth.codes.spend('password-reset', code)).toEqual({ ok: false })
  expect(await auth.codes.read('password-reset', code)).toEqual({ ok: false })
  expect(events.map(({ type }) => type)).toEqual(['code-sent', 'code-refused', 'code-spent', 'code-refused'])
  expect(JSON.stringify(events)).not.toContain(code)
})

it('R141 S12 of two processes that redeem one code at once, one gets in', async () => {
  const control = controlled(memoryStore())
  const [here, there] = [createPost({ store: control.store }), createPost({ store: control.store })]
  for (const digits of [undefined, 6]) {
    control.before = () => undefined
    await here.auth.codes.send('sign-in', 'ada', { digits })
    const code = here.sent.at(-1)?.code ?? ''
    const together = barrier(2)
    control.before = (step) => (step === (digits === undefined ? 'take' : 'put') ? together() : undefined)
    const userId = digits === undefined ? undefined : 'ada'
    const spent = await Promise.all(
      [here.auth, there.auth].map((auth: AuthServer) => auth.codes.spend('sign-in', code, userId)),
    )
    expect(spent.filter(({ ok }) => ok)).toHaveLength(1)
  }
})

it('R141 a code expires by the time of the store, and dies with all sessions of its user', async () => {
  const { auth, sent, time } = createPost()
  const make = async (digits?: number): Promise<string> => {
    await auth.codes.send('sign-in', 'ada', { digits, expiresMs: 10 * MINUTE })
    return sent.at(-1)?.code ?? ''
  }
  const [long, short] = [await make(), await make(6)]
  time.advance(10 * MINUTE + 1)
  expect(await auth.codes.spend('sign-in', long)).toEqual({ ok: false })
  expect(await auth.codes.spend('sign-in', short, 'ada')).toEqual({ ok: false })
  const [again, typed] = [await make(), await make(6)]
  await auth.admin.endAll('ada')
  expect(await auth.codes.read('sign-in', again)).toEqual({ ok: false })
  expect(await auth.codes.spend('sign-in', again)).toEqual({ ok: false })
  expect(await auth.codes.spend('sign-in', typed, 'ada')).toEqual({ ok: false })
})

it('R141 digits are for one user, a new one takes the place of the last, and five wrong ones spend it, also all at once', async () => {
  const { auth, sent } = createPost()
  const make = async (): Promise<string> => {
    await auth.codes.send('sign-in', 'ada', { digits: 6 })
    return sent.at(-1)?.code ?? ''
  }
  const first = await make()
  expect(first).toMatch(/^\d{6}$/)
  const second = await make()
  const wrong = (code: string): string => (code === '000000' ? '000001' : '000000')
  expect(await auth.codes.spend('sign-in', second, 'bob')).toEqual({ ok: false })
  if (first !== second) expect(await auth.codes.spend('sign-in', first, 'ada')).toEqual({ ok: false })
  expect((await auth.codes.spend('sign-in', second, 'ada')).ok).toBe(true)
  const third = await make()
  await Promise.all(Array.from({ length: 5 }, () => auth.codes.spend('sign-in', wrong(third), 'ada')))
  expect(await auth.codes.spend('sign-in', third, 'ada')).toEqual({ ok: false })
})

it('R141 no code is in the store, and what is there of digits cannot be tried out without the secrets', async () => {
  const store = memoryStore()
  const written: string[] = []
  const { put } = store
  store.put = (...call) => {
    written.push(`${call[0]} ${call[1]}`)
    return put(...call)
  }
  const { auth, sent } = createPost({ store })
  await auth.codes.send('sign-in', 'ada')
  await auth.codes.send('sign-in', 'ada', { digits: 6 })
  for (const { code } of sent) expect(written.join('\n')).not.toContain(code)
})

it('R141 S65 digits made with an old secret are good while it is listed', async () => {
  const store = memoryStore()
  const [old, both, next] = [['o'.repeat(32)], ['n'.repeat(32), 'o'.repeat(32)], ['n'.repeat(32)]].map(
    (secrets) => createPost({ store, secrets }),
  )
  await old!.auth.codes.send('sign-in', 'ada', { digits: 8 })
  const code = old!.sent[0]?.code ?? ''
  expect((await next!.auth.codes.spend('sign-in', code, 'ada')).ok).toBe(false)
  expect((await both!.auth.codes.spend('sign-in', code, 'ada')).ok).toBe(true)
})

it('R141 nobody is mailed without end: five an hour, then it is said when', async () => {
  const { auth, sent, time } = createPost()
  for (let i = 0; i < 5; i++) expect((await auth.codes.send('sign-in', 'ada')).sent).toBe(true)
  const refused = await auth.codes.send('sign-in', 'ada')
  expect(refused).toEqual({ sent: false, retryAt: expect.any(Number) })
  expect(sent).toHaveLength(5)
  expect((await auth.codes.send('sign-in', 'bob')).sent).toBe(true)
  time.advance(60 * MINUTE)
  expect((await auth.codes.send('sign-in', 'ada')).sent).toBe(true)
})

it('R141 a link in a mail signs in by a post of the page: once, and with the code alone', async () => {
  const stage: Stage & { sent: CodeToSend[] } = createPost({
    signIn: async ({ body }) => {
      const spent = await stage.auth.codes.spend('sign-in', String(body['code']))
      return spent.ok ? done({ id: spent.userId }) : refuse('code_spent')
    },
  })
  await stage.auth.codes.send('sign-in', 'ada')
  const body = { code: stage.sent[0]?.code }
  expect((await stage.send('POST', '/auth/login', { body })).status).toBe(200)
  expect(await errorOf(await stage.send('POST', '/auth/login', { body }))).toEqual([401, 'code_spent'])
})

it('R141 misuse says what to do, and a mail that cannot be sent is told to whoever asked', async () => {
  const { auth } = createStage()
  await expect(auth.codes.send('sign-in', 'ada')).rejects.toThrow('needs the option "sendCode"')
  const post = createPost({ sendCode: () => Promise.reject(new Error('SMTP is down')) }).auth.codes
  await expect(post.send('sign-in', 'ada')).rejects.toThrow('SMTP is down')
  await expect(post.send('sign in', 'ada')).rejects.toThrow('A purpose is a name')
  await expect(post.send('sign-in', 'ada', { digits: 4 })).rejects.toThrow('"digits" must be 6 to 10')
  for (const expiresMs of [0, 1.5, DAY + 1, Number.MAX_SAFE_INTEGER]) {
    await expect(post.send('sign-in', 'ada', { expiresMs })).rejects.toThrow('"expiresMs"')
  }
  await expect(post.spend('', 'x')).rejects.toThrow('A purpose is a name')
})

it('R141 digits that are good for longer than an hour are guessed five times all the same', async () => {
  const { auth, sent, time } = createPost()
  await auth.codes.send('invite', 'ada', { digits: 6, expiresMs: DAY })
  const code = sent[0]!.code
  for (let i = 0; i < 5; i++) await auth.codes.spend('invite', wrongOf(code, i), 'ada')
  expect((await auth.codes.spend('invite', code, 'ada')).ok).toBe(false)
  time.advance(HOUR + 1)
  expect((await auth.codes.spend('invite', code, 'ada')).ok).toBe(false)
})

it('R141 a mail that cannot be sent is not one of the five', async () => {
  let isDown = true
  const { auth } = createPost({
    sendCode: () => {
      if (isDown) throw new Error('SMTP is down')
    },
  })
  for (let i = 0; i < 5; i++) await auth.codes.send('reset', 'ada').catch(() => undefined)
  isDown = false
  expect((await auth.codes.send('reset', 'ada')).sent).toBe(true)
})

it('R141 digits that were mailed stay good where the next mail could not be sent', async () => {
  const sent: CodeToSend[] = []
  let isDown = false
  const { auth } = createPost({
    sendCode: (c) => {
      if (isDown) throw new Error('SMTP is down')
      sent.push(c)
    },
  })
  await auth.codes.send('reset', 'ada', { digits: 6 })
  isDown = true
  await auth.codes.send('reset', 'ada', { digits: 6 }).catch(() => undefined)
  expect((await auth.codes.spend('reset', sent[0]!.code, 'ada')).ok).toBe(true)
})

it('R141 S01 a code that could not be spent because the store was down is spent by the next try', async () => {
  const control = controlled(memoryStore())
  const { auth, sent } = createPost({ store: control.store })
  await auth.codes.send('sign-in', 'ada')
  let isDown = true
  control.before = (step) => {
    if (isDown && step === 'userGeneration') throw new Error('down')
  }
  await expect(auth.codes.spend('sign-in', sent[0]!.code)).rejects.toThrow()
  isDown = false
  expect((await auth.codes.spend('sign-in', sent[0]!.code)).ok).toBe(true)
})

it('R141 whoever spends the digits of before leaves the new ones alone', async () => {
  const control = controlled(memoryStore())
  const { auth, sent } = createPost({ store: control.store })
  await auth.codes.send('sign-in', 'ada', { digits: 6 })
  let isFirst = true
  control.before = async (step) => {
    if (step !== 'count' || !isFirst) return
    isFirst = false
    await auth.codes.send('sign-in', 'ada', { digits: 6 })
  }
  const old = await auth.codes.spend('sign-in', sent[0]!.code, 'ada')
  const next = await auth.codes.spend('sign-in', sent[1]!.code, 'ada')
  expect([old.ok, next.ok].filter(Boolean)).toHaveLength(1)
})
