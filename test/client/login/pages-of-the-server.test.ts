/* What `docs/signing-in.md` says of links, sign-up, popups and pages of the server, each over the reference backend. */
import { expect, it } from 'vitest'
import { type App, BOB, createStage, ORIGIN, type Stage } from '../../support/stage.js'

const MODES = ['token', 'session'] as const
type Mode = (typeof MODES)[number]

const JSON_HEADERS = { 'x-csrf': '1', 'content-type': 'application/json' }

/** Ann and Bob, and pages of the server: `/link` signs Bob in and leads to the app, `/bye` signs out, `/sign-up` makes Carol. */
async function begin(mode: Mode): Promise<Stage> {
  const stage = await createStage({ mode }, { mode })
  const { backend } = stage
  const call = (path: string, body: object, request: Request): Promise<Response> =>
    backend.handle(
      new Request(ORIGIN + path, {
        method: 'POST',
        headers: { ...JSON_HEADERS, origin: ORIGIN, cookie: request.headers.get('cookie') ?? '' },
        body: JSON.stringify(body),
      }),
    )
  const withCookiesOf = ({ headers }: Response, status: number): Response => {
    const answer = new Response(null, { status, headers: status === 303 ? { location: '/' } : {} })
    for (const cookie of headers.getSetCookie()) answer.headers.append('set-cookie', cookie)
    return answer
  }
  stage.respond = async (request, url) => {
    if (url.pathname === '/link') return withCookiesOf(await call('/auth/login', BOB, request), 303)
    if (url.pathname === '/bye') {
      await backend.admin.endAllSessions('ann')
      const answer = new Response(null, { status: 204 })
      for (const name of ['__Host-refresh', '__Host-sid'])
        answer.headers.append('set-cookie', `${name}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict`)
      return answer
    }
    if (url.pathname !== '/sign-up') return undefined
    const carol = { id: 'carol', name: 'Carol', email: 'carol@example.com', password: 'secret of carol' }
    await backend.admin.addUser(carol)
    const { email, password } = carol
    return withCookiesOf(await call('/auth/login', { email, password }, request), 204)
  }
  return stage
}

const userOf = ({ auth }: App): string => {
  const state = auth.getState()
  return state.status === 'authenticated' ? state.user.id : state.status
}

const visitServerPage = async (stage: Stage, { page }: App, path: string): Promise<void> => {
  await stage.run(page.fetch(path, { headers: { 'x-outside': '1' }, redirect: 'manual' }))
}

it.each(MODES)(
  'R99 a sign-up by plain fetch and a forced refresh signs in, in every tab (%s mode)',
  async (mode) => {
    const stage = await begin(mode)
    const [tab, other] = [await stage.signedIn(), await stage.open()]
    await stage.run(tab.auth.logout())
    expect([userOf(tab), userOf(other)]).toEqual(['unauthenticated', 'unauthenticated'])
    const answer = await stage.run(tab.page.fetch('/sign-up', { method: 'POST', headers: JSON_HEADERS }))
    expect(answer.value?.status).toBe(204)
    const { value } = await stage.run(tab.auth.refresh({ force: true }))
    expect(value).toMatchObject({ status: 'authenticated', mode })
    expect([userOf(tab), userOf(other)]).toEqual(['carol', 'carol'])
  },
)

it.each(MODES)(
  'R99 a forced refresh behind a sign-up that made no session rejects in words (%s mode)',
  async (mode) => {
    const stage = await begin(mode)
    const tab = await stage.open()
    const { error } = await stage.run(tab.auth.refresh({ force: true }), 30_000)
    expect(error).toMatchObject({ code: 'login_required' })
    expect(userOf(tab)).toBe('unauthenticated')
  },
)

it.each(MODES)(
  'R99 a visitor who follows a link of the server is signed in by the page that comes next (%s mode)',
  async (mode) => {
    const stage = await begin(mode)
    const [visited, open] = [await stage.open(), await stage.open()]
    expect([userOf(visited), userOf(open)]).toEqual(['unauthenticated', 'unauthenticated'])
    await visitServerPage(stage, visited, '/link')
    const next = await stage.open()
    expect([userOf(next), userOf(visited), userOf(open)]).toEqual(['bob', 'bob', 'bob'])
  },
)

it.each(MODES)(
  'R99 a link that signs in somebody else is a change of user in every tab, and her end is told first (%s mode)',
  async (mode) => {
    const stage = await begin(mode)
    const ann = await stage.signedIn()
    await visitServerPage(stage, ann, '/link')
    expect(userOf(ann)).toBe('ann')
    const next = await stage.open()
    expect([userOf(next), userOf(ann)]).toEqual(['bob', 'bob'])
    // In the page that never showed her, too: what the application keeps in the browser was hers.
    for (const { told } of [ann, next]) expect(told).toEqual(['end user-switched', 'switch ann bob'])
  },
)

it.each(MODES)(
  'R99 a page of the server that signs out: the next page shows nobody, and the open one follows (%s mode)',
  async (mode) => {
    const stage = await begin(mode)
    const ann = await stage.signedIn()
    await visitServerPage(stage, ann, '/bye')
    const next = await stage.open()
    await stage.world.advance(5000)
    expect([userOf(next), userOf(ann)]).toEqual(['unauthenticated', 'unauthenticated'])
  },
)

it.each(MODES)(
  'R99 a window that is closed as soon as it knows has told its opener (%s mode)',
  async (mode) => {
    const stage = await begin(mode)
    const opener = await stage.open()
    await visitServerPage(stage, opener, '/link')
    const popup = await stage.world.openTab()
    const ready = await stage.run(popup.app!.auth.ready())
    expect(ready.value).toMatchObject({ status: 'authenticated' })
    await popup.close()
    await stage.world.advance(1000)
    expect(userOf(opener)).toBe('bob')
    expect((await stage.run(opener.auth.fetch('/api/orders'))).value?.status).toBe(200)
  },
)

it('R70 an open tab beside a page of the server writes in nobody else’s name, by its session id', async () => {
  const stage = await begin('session')
  const ann = await stage.signedIn()
  await visitServerPage(stage, ann, '/link')
  const { error } = await stage.write(ann, 'Of Ann')
  expect(error).toMatchObject({ code: 'session_changed' })
  expect(await stage.nameOf('bob')).toBe('Bob')
  expect(userOf(ann)).toBe('bob')
})
