import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { AuthProvider, auth } from './auth.js'
import { isStatic, isWindow } from './place.js'

void start().catch(explain)

async function start(): Promise<void> {
  // Before the client asks for anything.
  if (import.meta.env.MODE === 'static' && !isWindow) await (await import('../static/start.js')).startMock()
  const [{ startLog }, { joinPeers }, { Page }] = await Promise.all([
    import('../lab/log.js'),
    import('../lab/peers.js'),
    isWindow
      ? import('../lab/small-window.js').then(({ SmallWindow }) => ({ Page: SmallWindow }))
      : import('../lab/lab.js').then(({ Lab }) => ({ Page: Lab })),
  ])
  startLog()
  joinPeers()
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <AuthProvider client={auth}>
        <Page />
      </AuthProvider>
    </StrictMode>,
  )
}

/** Without the service worker of the mock there is no backend at all, and nothing to show. */
function explain(error: unknown): void {
  const root = document.getElementById('root')!
  root.textContent = isStatic
    ? 'This copy of the demo keeps its server in a service worker, which this browser does not allow here. Open it over https or on localhost, outside private browsing, or run the real one with “npm run demo”.'
    : 'The demo could not start. Reload the page.'
  reportError(error)
}
