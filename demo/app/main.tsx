import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { AuthProvider, auth } from './auth.js'
import { isStatic, isWindow } from './place.js'

void start()

async function start(): Promise<void> {
  // Before the client asks for anything.
  if (isStatic && !isWindow) await (await import('../static/start.js')).startMock()
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
