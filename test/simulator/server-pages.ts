/*
 * Pages of the server itself, which change the cookie and of which no client hears: a link in an e-mail, "switch account", a
 * sign-out by a form. Each answers with a redirect to the application.
 */
import type { ReferenceBackend } from '../../src/testing/backend/index.js'
import type { Ledger } from './ledger.js'
import { CREDENTIALS } from './ledger.js'
import type { User } from './schedule.js'

const PATH = '/link'

export const linkTo = (user: User | 'nobody'): string => `${PATH}?to=${user}`

/** What a page of the server answers; undefined where the request is for none. */
export async function visit(
  request: Request,
  backend: ReferenceBackend,
  ledger: Ledger,
): Promise<Response | undefined> {
  const url = new URL(request.url)
  if (url.pathname !== PATH) return undefined
  const user = url.searchParams.get('to')
  const cookie = request.headers.get('cookie') ?? ''
  const cookies = user === 'nobody' ? await signOut() : await signIn()
  // Where nothing came of it, the person sees an error page.
  if (cookies.length === 0) return new Response('Something went wrong', { status: 502 })
  const answer = new Response(null, { status: 303, headers: { location: '/' } })
  for (const line of cookies) answer.headers.append('set-cookie', line)
  return answer

  async function signIn(): Promise<readonly string[]> {
    const headers = { 'content-type': 'application/json', 'x-csrf': '1', origin: url.origin, cookie }
    const body = JSON.stringify({ email: `${user}@example.com`, password: `${user}'s password` })
    const login = new Request(new URL('/auth/login', url), { method: 'POST', headers, body })
    return (await backend.handle(login)).headers.getSetCookie()
  }

  async function signOut(): Promise<readonly string[]> {
    for (const [, value] of cookie.matchAll(CREDENTIALS)) {
      const session = ledger.ofCookie(value)
      if (session) await backend.admin.endSession(session.id)
    }
    return ['__Host-refresh', '__Host-sid'].map(
      (name) => `${name}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict`,
    )
  }
}
