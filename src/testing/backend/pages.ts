import { escaped } from '../../server/providers/pages.js'

/*
 * The pages the backend shows itself: no script, one style sheet of their own, and a policy that allows
 * nothing else.
 */

const STYLE_PATH = '/idp/style.css'

const KEY =
  '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="8" cy="12" r="4.25"/><path d="M12.25 12H21v4M17 12v3.25"/></svg>'

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
<p class="brand">${KEY}<span>Identity provider</span></p>
<h1>${escaped(title)}</h1>
${main}
</main>
</body>
</html>
`
}

/** The form of a sign-in for the app at that origin; `request` names it. */
export function signInPage(appUrl: string, request: string, email = '', problem?: string): string {
  const alert =
    problem === undefined ? '' : `<p class="problem" role="alert" id="problem">${escaped(problem)}</p>`
  const described = problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"'
  return page(
    'Sign in',
    `<p>to go on to <strong>${escaped(new URL(appUrl).host)}</strong></p>
${alert}
<form method="post" action="/idp/login">
<input type="hidden" name="request" value="${escaped(request)}">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required value="${escaped(email)}"${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described}>
<button type="submit">Sign in</button>
</form>
<p class="note">This page belongs to whoever keeps your account. The app gets word that it is you, and never sees your password.</p>`,
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
  --paper: #eceff3; --card: #fdfdfe; --ink: #1a212c; --soft: #535d6e; --line: #d3d9e2; --edge: #7d8798; --accent: #23509f; --on-accent: #fff; --bad: #a3161f;
  font: 1rem/1.5 -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'DejaVu Sans Condensed', system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #11151b; --card: #191f28; --ink: #e8ebf0; --soft: #a3adbd; --line: #2d3542; --edge: #6d7788; --accent: #9cb9f7; --on-accent: #10192e; --bad: #ff9aa0; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper); color: var(--ink); }
main { width: min(100%, 25rem); padding: 1.75rem 2rem 1.5rem; background: var(--card); border: 1px solid var(--line); border-top: 3px solid var(--accent); border-radius: .5rem; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.15; letter-spacing: -.02em; }
p { margin: 0 0 1.25rem; color: var(--soft); }
strong { font-weight: 600; color: var(--ink); overflow-wrap: anywhere; }
a { color: var(--accent); }
h1 + p { margin-top: .25rem; }
.brand { display: flex; gap: .5rem; align-items: center; margin-bottom: 1.5rem; padding-bottom: .875rem; font-size: .875rem; border-bottom: 1px solid var(--line); }
.brand svg { width: 1.5rem; height: 1.5rem; fill: none; stroke: var(--accent); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.problem { color: var(--bad); font-weight: 600; }
.note { margin: 1.25rem 0 0; padding-top: .875rem; font-size: .8125rem; border-top: 1px solid var(--line); }
label { display: block; margin: 0 0 .25rem; font-size: .875rem; font-weight: 600; }
input { width: 100%; min-height: 2.75rem; margin-bottom: .875rem; padding: .5rem .75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--edge); border-radius: .375rem; }
button { width: 100%; min-height: 2.75rem; margin-top: .25rem; font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 0; border-radius: .375rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`
