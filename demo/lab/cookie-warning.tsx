import { useDiagnostics } from './log.js'
import { useServer } from './server.js'

/** Says so where the browser did not keep the cookie: Safari does not over plain http. */
export function CookieWarning() {
  const missing = useDiagnostics().some(({ type }) => type === 'cookie.missing')
  const insecure = useServer()?.insecureCookies
  if (missing) {
    return (
      <p className="card warning" role="alert">
        This browser did not keep the cookie, so a reload will sign you out. Safari keeps no{' '}
        <code>Secure</code> cookies on http://localhost: use another browser, or start the demo with{' '}
        <code>npm run demo -- --insecure-cookies</code>.
      </p>
    )
  }
  if (insecure) {
    return (
      <p className="card warning">
        The cookies are without <code>Secure</code> and <code>__Host-</code> now, for this machine only.
      </p>
    )
  }
  return null
}
