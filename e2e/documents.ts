/* The documents the test server shows, and the policy they stand under. */
import type { PageOptions } from './pages/main.ts'
import type { ReactSettings } from './pages/react.ts'

export interface Policy {
  /** Origins the page may call besides its own. */
  connect: readonly string[]
  /** Whether service workers may be registered, for which Trusted Types have no place in a test. */
  workers: boolean
}

/** As strict as a page can be that runs one script and calls its own backend (ASVS 3.4). */
export function contentSecurityPolicy({ connect, workers }: Policy): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `connect-src ${["'self'", ...connect].join(' ')}`,
    `worker-src ${workers ? "'self'" : "'none'"}`,
    "frame-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    ...(workers ? [] : ["require-trusted-types-for 'script'", "trusted-types 'none'"]),
    'report-uri /csp-report',
  ].join('; ')
}

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title>${head}</head>
<body>
<h1>${title}</h1>
${body}
</body>
</html>
`
}

/** Which script: pages whose client looks out for developers run the development build. */
const scriptOf = (name: string, { development }: { development?: boolean | undefined }): string =>
  `/assets/${name}${development === false ? '' : '.development'}.js`

/** The app: one script, which holds the client. */
export function appPage(clientOptions: PageOptions): string {
  // A data block is not run, so the policy lets it pass.
  const options = JSON.stringify(clientOptions).replaceAll('<', '\\u003c')
  return page(
    'App',
    `<script type="application/json" id="options">${options}</script>
<script type="module" src="${scriptOf('main', clientOptions)}" crossorigin></script>`,
    `<p>Status: <output id="status"></output></p>
<form id="sign-in">
<label>E-mail <input name="email" type="email" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Sign in</button>
</form>
<p role="alert" id="problem"></p>
<button id="elsewhere">Sign in elsewhere</button>
<button id="sign-out">Sign out</button>`,
  )
}

/** A page of React: what a server has rendered of it, if one has, and the script that goes on with it. */
export function reactPage(settings: Pick<ReactSettings, 'client'>, markup = ''): string {
  const options = JSON.stringify(settings).replaceAll('<', '\\u003c')
  return page(
    'React',
    `<script type="application/json" id="options">${options}</script>
<script type="module" src="${scriptOf('react', settings.client)}"></script>`,
    `<div id="root">${markup}</div>`,
  )
}

/** A page without any script, of another part of the site or of another site. */
export const plainPage = (link: string): string =>
  page('Plain page', '', `<p><a href="${link.replaceAll('"', '&quot;')}">To the app</a></p>`)

/** The app in a frame: sandboxed, so that its origin is opaque, or plain. */
export const framePage = (sandbox: string | undefined): string =>
  page(
    'Frame',
    '',
    `<iframe src="/" title="App in a frame"${sandbox === undefined ? '' : ` sandbox="${sandbox}"`}></iframe><p>Outside</p>`,
  )
