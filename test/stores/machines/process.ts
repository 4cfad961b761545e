/* One of the machines: a server for each way of revoking, on a store that others share. Says its port to whoever forked it, and ends with him. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAuthServer, done, keySet, nodeHandler, refuse } from 'latchkey/server'
import { type Act, type Deployment, KINDS, type Kind, PASSWORD, type Seen } from './deployment.ts'
import { openStore } from './open-store.ts'

const { origin, place, secrets, keys } = JSON.parse(process.argv[2] ?? '') as Deployment
const store = await openStore(place)
const seen: Seen = { looked: 0, faults: [], rotated: {} }

// The application's own table of people, in which everybody is who has not been banned.
const banned = (id: string): string => `application:banned:${id}`
const findUser = async (id: string) => ({ id, disabled: (await store.get(banned(id))) !== undefined })

const serverOf = (kind: Kind) =>
  createAuthServer({
    origin,
    basePath: `/${kind}/auth`,
    store,
    secrets,
    mode: kind === 'session' ? 'session' : 'token',
    revocation: kind === 'session' ? 'expiry' : kind,
    ...(kind !== 'reference' && { keys: keySet(keys) }),
    // The verifiers' clocks go ahead of ours.
    accessTokenSeconds: 7200,
    signIn({ body: { email, password } }) {
      seen.looked++
      return password === PASSWORD ? done({ id: String(email) }) : refuse('invalid_credentials')
    },
    findUser,
    onEvent(event) {
      if (event.type === 'fault') seen.faults.push(String(event.error))
      if (event.type !== 'refresh' || event.outcome !== 'rotated') return
      seen.rotated[event.sessionId] = (seen.rotated[event.sessionId] ?? 0) + 1
    },
  })

const servers = KINDS.map((kind) => ({ kind, auth: serverOf(kind) })).map((one) => ({
  ...one,
  handle: nodeHandler(one.auth, { trustedProxies: 1 }),
}))

const server = createServer((request, response) => {
  void (async () => {
    response.setHeader('X-Served-By', process.pid)
    // Everything is done, and the answer is lost.
    if (request.headers['x-lose-answer'] !== undefined) response.end = () => request.socket.destroy() as never
    const path = request.url ?? '/'
    for (const { kind, auth, handle } of servers) {
      if (path === `/${kind}/api`) {
        const headers = request.headers as Record<string, string>
        const caller = await auth.authenticate(
          new Request(origin + path, { method: request.method!, headers }),
        )
        const answer = caller.ok ? await caller.finish(Response.json(caller.user)) : caller.response
        response.setHeader('Set-Cookie', answer.headers.getSetCookie())
        response.statusCode = answer.status
        response.end(await answer.text())
        return
      }
      if (await handle(request, response)) return
    }
    response.statusCode = 404
    response.end()
  })()
})

const acts: Record<Act, (userId: string) => unknown> = {
  endAll: (userId) => Promise.all(servers.map(({ auth }) => auth.admin.endAll(userId))),
  async ban(userId) {
    await store.put(banned(userId), '', { expiresAt: Date.now() + 3_600_000 })
    await Promise.all(servers.map(({ auth }) => auth.admin.ban(userId)))
  },
  list: (userId) => servers[0]!.auth.admin.list(userId),
  seen: () => seen,
}

process.on('message', ({ id, act, userId }: { id: number; act: Act; userId: string }) => {
  void (async () => process.send?.({ id, value: await acts[act](userId) }))()
})
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
