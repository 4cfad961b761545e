import { digest } from '../secrets.js'

/*
 * What a person sees of us on the way to a provider and back: no script, one style of its own, a policy that allows nothing
 * else, and always a way on.
 */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

const STYLE =
  ':root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}body{margin:0;min-height:100vh;display:grid;place-items:center}main{max-width:26rem;padding:1.5rem}'
const HASH = digest(STYLE).replaceAll('-', '+').replaceAll('_', '/')
const POLICY = `default-src 'none'; style-src 'sha256-${HASH}='; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`

export interface FailedSignIn {
  readonly status: number
  readonly code: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Where one click begins it again; undefined where nothing is known of it. */
  readonly again: string | undefined
  readonly app: string
}

export function failedPage({ status, code, headers = {}, again, app }: FailedSignIn): Response {
  const [title, text] = wordsFor(status, code)
  const links = [...(again === undefined ? [] : [link(again, 'Sign in again')]), link(app, 'Back to the app')]
  return page({ status, headers, title, main: [`<h1>${title}</h1>`, `<p>${text}</p>`, ...links] })
}

/** Goes on to a path of ours by itself, as a navigation of our own. */
export function onwardPage(path: string): Response {
  const head = `<meta http-equiv="refresh" content="0; url=${escaped(path)}">`
  return page({ title: 'One moment', head, main: [link(path, 'Go on')] })
}

const link = (href: string, name: string): string => `<p><a href="${escaped(href)}">${name}</a></p>`

interface Page {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly title: string
  readonly head?: string
  readonly main: readonly string[]
}

function page({ status = 200, headers = {}, title, head = '', main }: Page): Response {
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${head}
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${main.join('\n')}
</main>
</body>
</html>
`
  return new Response(body, {
    status,
    headers: {
      ...headers,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': POLICY,
    },
  })
}

function wordsFor(status: number, code: string): readonly [title: string, text: string] {
  if (status === 503) return ['Nobody can be signed in right now', 'It should not take long. Try again.']
  if (code === 'invalid_request' || code === 'invalid_grant') {
    return [
      'This sign-in cannot go on',
      'It took too long, was finished already, or began in another browser. Nothing has changed.',
    ]
  }
  if (code === 'user_disabled') return ['You are not signed in', 'This account is closed.']
  if (code === 'access_denied') return ['You are not signed in', 'The sign-in was not allowed to go on.']
  return ['You are not signed in', `The sign-in was refused (${escaped(code)}).`]
}
