/*
 * The pages the backend shows itself: no script, one style sheet of their own, and a policy that allows
 * nothing else.
 */

const STYLE_PATH = '/idp/style.css'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

function page(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${main}
</main>
</body>
</html>
`
}

/** The form; `request` names what the user signs in for. */
export function signInPage(request: string, email = '', problem?: string): string {
  const alert =
    problem === undefined ? '' : `<p class="problem" role="alert" id="problem">${escaped(problem)}</p>`
  const described = problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"'
  return page(
    'Sign in',
    `<p>This page belongs to the identity provider. The app never sees your password.</p>
${alert}
<form method="post" action="/idp/login">
<input type="hidden" name="request" value="${escaped(request)}">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required value="${escaped(email)}"${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described}>
<button type="submit">Sign in</button>
</form>`,
  )
}

/** What a person sees whose sign-in cannot go on. */
export function signInFailedPage(appUrl: string): string {
  return page(
    'This sign-in cannot go on',
    `<p>It took too long, was finished already, or began in another browser. Nothing has changed.</p>
<p><a href="${escaped(appUrl)}">Back to the app</a></p>`,
  )
}

export function html(
  body: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  appOrigin: string,
): Response {
  return new Response(body, {
    status,
    headers: {
      ...headers,
      'Content-Type': 'text/html; charset=utf-8',
      // With no-referrer the form would come with `Origin: null`.
      'Referrer-Policy': 'same-origin',
      // Chromium applies form-action to the redirects after the form too, and the last one leads to the app.
      'Content-Security-Policy': `default-src 'none'; style-src 'self'; form-action 'self' ${appOrigin}; frame-ancestors 'none'; base-uri 'none'`,
    },
  })
}

export function styleSheet(): Response {
  return new Response(STYLE, { headers: { 'Content-Type': 'text/css; charset=utf-8' } })
}

const STYLE = `:root {
  color-scheme: light dark;
  --paper: #f4f5f7; --card: #fff; --ink: #1c2430; --soft: #566072; --line: #838c9c; --accent: #2453c4; --on-accent: #fff; --bad: #a3161f;
  font: 1rem/1.5 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #12161d; --card: #1b212b; --ink: #e8ebf0; --soft: #a3adbd; --line: #6d7788; --accent: #8fb0ff; --on-accent: #10192e; --bad: #ff9aa0; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper); color: var(--ink); }
main { width: min(100%, 24rem); padding: 2rem; background: var(--card); border-radius: .75rem; box-shadow: 0 1px 2px #0003, 0 8px 24px #0002; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.2; }
p { margin: 0 0 1rem; color: var(--soft); }
a { color: var(--accent); }
.problem { color: var(--bad); font-weight: 600; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { width: 100%; padding: .6rem .75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .5rem; }
button { width: 100%; margin-top: 1.5rem; padding: .7rem; font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 0; border-radius: .5rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`
