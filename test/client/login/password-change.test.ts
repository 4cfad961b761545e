/*
 * A backend that ends all sessions of who changes the password, and sets the cookie of a new one in the same answer. Another tab
 * polls, and learns of the end before that answer lands.
 */
import { expect, it } from 'vitest'
import { ANN, type App, createStage, ORIGIN, type Stage } from '../../support/stage.js'

const NEW = { ...ANN, password: 'new secret of ann' }

/** Answers `/account/password`. */
function changePasswords({ backend }: Stage, request: Request, url: URL): Promise<Response> | undefined {
  if (url.pathname !== '/account/password') return undefined
  const signIn = new Request(`${ORIGIN}/auth/login`, {
    method: 'POST',
    headers: request.headers,
    body: JSON.stringify(NEW),
  })
  return (async () => {
    await backend.admin.setPassword('ann', NEW.password)
    const { headers, status } = await backend.handle(signIn)
    expect(status).toBe(200)
    const answer = new Response(null, { status: 204 })
    for (const cookie of headers.getSetCookie()) answer.headers.append('set-cookie', cookie)
    return answer
  })()
}

it.each(['token', 'session'] as const)(
  'R99 a reload behind a change of password asks the server and is signed in, though another tab has told the end first (%s mode)',
  async (mode) => {
    const stage = await createStage({ mode }, { mode, revocation: 'reference' })
    stage.respond = (request, url) => changePasswords(stage, request, url)
    const [first, other] = [await stage.signedIn(), await stage.open()]
    const statuses = (apps: App[]) => apps.map(({ auth }) => auth.getState().status)
    expect(statuses([first, other])).toEqual(['authenticated', 'authenticated'])

    // On its way for 400 ms, and back for as long.
    stage.world.setNetwork({ latencyMs: [400, 400] })
    const change = first.page.fetch('/account/password', {
      method: 'POST',
      headers: { 'x-csrf': '1', 'content-type': 'application/json' },
      body: '{}',
    })
    await stage.world.advance(1)
    stage.world.setNetwork({ latencyMs: [5, 5] })
    await stage.world.advance(450)
    const poll = await stage.run(other.auth.fetch('/api/orders'), 300)
    expect(poll.error).toMatchObject({ code: 'session_ended' })
    expect(statuses([first, other])).toEqual(['unauthenticated', 'unauthenticated'])
    expect((await stage.run(change)).value?.status).toBe(204)

    stage.exchanges.length = 0
    const [tab] = stage.world.tabs
    await tab!.reload()
    await stage.world.advance(3000)
    const reloaded = tab!.app!
    expect(stage.sent().map(({ url }) => url.pathname)).toContain('/auth/session')
    expect(reloaded.auth.getState()).toMatchObject({ status: 'authenticated', mode, user: { id: 'ann' } })
    expect((await stage.run(reloaded.auth.fetch('/api/orders'))).value?.status).toBe(200)
    // Nobody had to be told: the other tab learns of it as of any sign-in.
    expect(statuses([other])).toEqual(['authenticated'])
  },
)
