import type { DiagnosticEntry, DiagnosticType } from 'latchkey'

/** How an entry is meant: something runs, went well, is worth a look, or went wrong. */
export type Tone = 'running' | 'good' | 'plain' | 'notice' | 'bad'

export interface Sentence {
  readonly text: string
  readonly tone: Tone
}

type Speaker = (entry: DiagnosticEntry) => Sentence

const say = (tone: Tone, text: string | ((entry: DiagnosticEntry) => string)): Speaker =>
  typeof text === 'string' ? () => ({ tone, text }) : (entry) => ({ tone, text: text(entry) })

const pick = (names: Readonly<Record<string, string>>, name: string | undefined): string | undefined =>
  name !== undefined && Object.hasOwn(names, name) ? names[name] : undefined

/** Why a token is asked for. */
const NEEDS: Readonly<Record<string, string>> = {
  start: 'the page was loaded',
  redirect: 'back from the sign-in page',
  schedule: 'due before its end',
  retry: 'the last try failed',
  early: 'a request found it near its end',
  request: 'a request needs a token',
  '401': 'the server rejected the old one',
  app: 'the app asked for it',
  wake: 'the page is in view again',
  online: 'the network is back',
  restore: 'the page came back from the history',
  resync: 'another tab changed the session',
  repair: 'a late answer may have put an old cookie back',
}

const STARTS: Readonly<Record<string, string>> = {
  in: 'Page loaded. This browser was signed in: ask the server.',
  out: 'Page loaded. This browser is signed out: no request needed.',
  missing: 'Page loaded. Nothing is known about this browser yet.',
  redirect: 'Page loaded, back from the sign-in page: ask the server who it is.',
}

const ENDS: Readonly<Record<string, string>> = {
  logout: 'Signed out: the user is wiped from this page, and what acted for them.',
  'logout-elsewhere': 'Signed out in another tab: the user is wiped from this page, and what acted for them.',
  expired: 'The server says that the session has expired.',
  revoked: 'The server says that the session was ended.',
  'user-switched': 'Somebody else signed in: the data of the last user is cleared away.',
  refused: 'The server says that the account is disabled.',
}

const FAILURES: Readonly<Record<string, string>> = {
  offline: 'there is no network',
  network: 'the server did not answer',
  timeout: 'the server took too long',
  server_error: 'the server had a problem',
  rate_limited: 'the server asks to wait',
  invalid_response: 'the answer made no sense',
  invalid_credentials: 'wrong e-mail address or password',
  user_disabled: 'the account is disabled',
  refresh_loop: 'new tokens keep arriving expired',
  session_changed: 'another sign-in came in between',
}

const failure = ({ code, status }: DiagnosticEntry): string =>
  (pick(FAILURES, code) ?? code ?? 'no reason given') + (status ? ` (${status})` : '')

/** The names may grow: what has no sentence here is shown by its name. */
const SPEAKERS: { readonly [Type in DiagnosticType]?: Speaker } = {
  start: say('plain', ({ cause }) => pick(STARTS, cause) ?? 'Page loaded.'),
  'capability.missing': say('notice', ({ message }) => message ?? 'This browser lacks something.'),
  'refresh.sent': say('running', ({ cause }) => `Asking the server: ${pick(NEEDS, cause) ?? cause}.`),
  'refresh.done': say('good', ({ cause }) => {
    if (cause === 'start') return 'Still signed in: the server knows the cookie.'
    if (cause === 'redirect') return 'Signed in on the hosted page: the server knows the cookie.'
    return `Renewed in silence: ${pick(NEEDS, cause) ?? cause}.`
  }),
  'refresh.adopted': say('good', ({ cause }) =>
    cause === 'shared'
      ? 'Took over the new token from the channel: no request.'
      : 'Needed a token, and took over the one that another tab had just fetched: no request.',
  ),
  'refresh.failed': say('notice', (entry) => `Not renewed: ${failure(entry)}. The session is kept.`),
  'refresh.refused': say(
    'notice',
    ({ status }) => `The server refused to renew${status ? ` (${status})` : ''}, in words of the contract.`,
  ),
  'refresh.retry': say('plain', 'Refused, but another tab may have been faster: one more try.'),
  'refresh.late': say('plain', 'An answer came after its deadline, and still counts.'),
  'refresh.repair': say('plain', 'A late answer may have put an old cookie back: renewing once more.'),
  'lock.waited': say('plain', 'Waited while another tab held the lock.'),
  'login.sent': say('running', 'Signing in.'),
  'login.done': say('good', 'Signed in. The cookie is out of the reach of script.'),
  'login.failed': say('bad', (entry) => `Not signed in: ${failure(entry)}.`),
  'logout.sent': say('running', ({ cause }) =>
    cause === 'all' ? 'Telling the server to end every session.' : 'Telling the server to end the session.',
  ),
  'logout.confirmed': say('good', 'The server has ended the session.'),
  'logout.pending': say('notice', 'The server could not be told yet. It will be, also after a reload.'),
  'logout.expired': say('notice', 'A session could not be ended at the server in time: given up.'),
  'logout.compensated': say('plain', 'A session that nobody wants any more came back: ending it.'),
  'session.ended': say('plain', ({ reason }) => pick(ENDS, reason) ?? 'The session ended.'),
  'session.switched': say('plain', 'Somebody else is signed in now.'),
  'tabs.resync': say('plain', 'Another tab changed the session: finding out who is signed in.'),
  'request.replayed': say(
    'good',
    ({ url }) => `Answered 401, and sent again with the new token: ${pathOf(url)}.`,
  ),
  'request.unauthorized': say('bad', ({ url }) => `A brand-new token was rejected: ${pathOf(url)}.`),
  'request.forbidden': say('notice', ({ url, scope }) =>
    scope ? `Not allowed without the role "${scope}": ${pathOf(url)}.` : `Not allowed: ${pathOf(url)}.`,
  ),
  'request.redirected': say('notice', ({ message }) => message ?? 'A request was redirected elsewhere.'),
  'cookie.missing': say('bad', ({ message }) => message ?? 'The cookie does not come back.'),
}

/** What happened, in words. */
export function sentenceOf(entry: DiagnosticEntry): Sentence {
  return SPEAKERS[entry.type]?.(entry) ?? { tone: 'plain', text: entry.message ?? entry.type }
}

/** The figures of an act: how often the session was renewed, how long something took or takes, and how early it began. */
export function figuresOf(
  { type, generation, milliseconds }: DiagnosticEntry,
  begun?: DiagnosticEntry,
): string {
  const time = milliseconds === undefined || type === 'refresh.sent' ? '' : duration(milliseconds)
  const ahead = begun?.type === 'refresh.sent' && (begun.cause === 'schedule' || begun.cause === 'early')
  const { milliseconds: left = 0, jitter } = (ahead && begun) || {}
  return [
    left > 0 ? `${duration(left)} left${jitter ? `, jitter ${duration(jitter)}` : ''}` : '',
    generation === undefined || type === 'refresh.sent' ? '' : `generation ${generation}`,
    time && (type === 'refresh.failed' ? `next try in ${time}` : time),
  ]
    .filter(Boolean)
    .join(' · ')
}

const duration = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)}\u00a0ms` : `${(milliseconds / 1000).toFixed(1)}\u00a0s`

function pathOf(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) ? new URL(url).pathname : 'a request'
}
