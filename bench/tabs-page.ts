/** Runs in each of the tabs: the real client on the browser's own ports, over a fetch that costs next to nothing. */
import { createAuthClient } from '../src/index.js'

/** Milliseconds since 1970 with the resolution of `performance.now()`: the one clock that all tabs share. */
const now = (): number => performance.timeOrigin + performance.now()

const json = (body: unknown) => new Response(JSON.stringify(body))
const user = { id: 'ann' }
let logins = 0
const fetch = (input: string | URL | Request): Promise<Response> => {
  const url = input instanceof Request ? input.url : input.toString()
  if (url.endsWith('/logout')) return Promise.resolve(new Response(null, { status: 204 }))
  if (url.endsWith('/login')) logins++
  return Promise.resolve(
    json({ access_token: `token-${logins}`, expires_in: 3600, user, session_id: `session-${logins}` }),
  )
}

const auth = createAuthClient({ key: 'bench', fetch, development: false, restore: 'never' })
const channel = new BroadcastChannel('bare')

/** Keeps the time of the first event after it was last asked for. */
function stopwatch(): { stop: () => void; next: () => Promise<number> } {
  let stop: (time: number) => void
  let event: Promise<number>
  const start = (): void => {
    event = new Promise((resolve) => (stop = resolve))
  }
  start()
  return {
    stop: () => stop(now()),
    async next() {
      const time = await event
      start()
      return time
    },
  }
}
const message = stopwatch()
const signedIn = stopwatch()
const signedOut = stopwatch()
channel.addEventListener('message', message.stop)
auth.subscribe(({ status }) => {
  if (status === 'authenticated') signedIn.stop()
  if (status === 'unauthenticated') signedOut.stop()
})
// Nobody is signed in at the start, which is no sign-out.
await auth.ready()
await signedOut.next()

/** Sends a bare message to the other tabs, and gives the time. */
function send(): number {
  const sent = now()
  channel.postMessage('out')
  return sent
}

/** Signs out here and thereby in the other tabs, and gives the time. */
function logout(): number {
  const sent = now()
  void auth.logout()
  return sent
}

async function login(): Promise<number> {
  await auth.login({})
  return now()
}

const hooks = {
  send,
  logout,
  login,
  message: message.next,
  signedIn: signedIn.next,
  signedOut: signedOut.next,
}
Object.assign(globalThis, { bench: hooks })
export type Hooks = typeof hooks
