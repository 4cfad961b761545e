import { Hono } from 'hono'
import type { Endpoint, FaultKind } from 'latchkey/testing'
import {
  ACTS,
  type ActAnswer,
  ANSWERS,
  type Answers,
  type DemoState,
  MODES,
  type Person,
} from '../shared/demo-api.js'
import { ACCOUNTS } from '../shared/accounts.js'
import { DOERS } from './acts.js'
import type { DemoBackend } from './backend.js'
import { Migration } from './migration.js'
import type { Thief } from './thief.js'

/** The calls of the app's script. Navigations go through, so that nobody ends on an error page of the browser. */
const CALLS: readonly Endpoint[] = [
  'login',
  'refresh',
  'session',
  'sessions',
  'logout',
  'orders',
  'profile',
  'users',
]

const FAULTS: Readonly<Record<Exclude<Answers, 'normal'>, FaultKind>> = {
  slow: { kind: 'latency', milliseconds: 1500 },
  stuck: { kind: 'latency', milliseconds: 15_000 },
  offline: { kind: 'unreachable' },
  '503': { kind: 'status', status: 503 },
  '429': { kind: 'status', status: 429, retryAfter: 4 },
  html: { kind: 'html' },
}

/**
 * What the page asks the server for besides the app: what it counted, and to behave badly. Other sites cannot: PUT needs a
 * preflight, which nobody here answers.
 */
export function createControl(demo: DemoBackend, thief: Thief): Hono {
  const { backend, options } = demo
  const migration = new Migration(backend)
  // Whoever signed in under the mode of before the restart goes on.
  if (demo.kept?.mode !== undefined) migration.begin(demo.kept.mode)
  let answers: Answers = 'normal'

  const state = async (): Promise<DemoState> => ({
    tokenSeconds: options.tokenSeconds,
    insecureCookies: options.insecureCookies,
    mode: migration.mode,
    migrating: await migration.goesOn(),
    answers,
    restarts: demo.kept !== undefined,
    skewSeconds: demo.clock.ahead / 1000,
    people: await peopleOf(demo),
    requests: backend.stats.all(),
  })

  return new Hono()
    .use(async (context, next) => {
      await next()
      context.header('Cache-Control', 'no-store')
    })
    .get('/demo/state', async (context) => context.json(await state()))
    .put('/demo/answers/:name', async (context) => {
      const wanted = [...ANSWERS, 'stuck' as const].find((name) => name === context.req.param('name'))
      if (wanted === undefined) return context.json({ error: 'not_found' }, 404)
      answers = wanted
      backend.faults.clear()
      if (wanted !== 'normal') backend.faults.add({ ...FAULTS[wanted], on: CALLS })
      return context.json(await state())
    })
    .put('/demo/mode/:name', async (context) => {
      const wanted = MODES.find((name) => name === context.req.param('name'))
      if (wanted === undefined) return context.json({ error: 'not_found' }, 404)
      migration.begin(wanted)
      demo.kept?.keepMode(wanted)
      return context.json(await state())
    })
    .put('/demo/acts/:name', async (context) => {
      const act = ACTS.find((name) => name === context.req.param('name'))
      if (act === undefined) return context.json({ error: 'not_found' }, 404)
      const { user = '', session = '' } = context.req.query()
      try {
        if (act !== 'replay') await DOERS[act](demo, { user, session })
      } catch {
        return context.json({ error: 'unknown_user' }, 400)
      }
      const cookie = context.req.header('cookie')
      const replay = act === 'replay' ? await thief.replay(backend, options.origin, cookie) : undefined
      return context.json({ state: await state(), replay } satisfies ActAnswer)
    })
}

async function peopleOf({ backend, users }: DemoBackend): Promise<readonly Person[]> {
  return Promise.all(
    ACCOUNTS.map(async ({ id }) => {
      const user = await users.find(id)
      return {
        id,
        admin: user?.roles.includes('admin') ?? false,
        banned: user?.disabled ?? false,
        sessions: (await backend.admin.listSessions(id)).length,
      }
    }),
  )
}
