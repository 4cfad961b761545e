import { http } from 'msw'
import { setupWorker } from 'msw/browser'
import { createBackendHandlers, createCheapHash, type ReferenceBackend } from 'latchkey/testing'
import { createDemoBackend } from '../backend/backend.js'
import { createControl } from '../backend/control.js'
import { Thief } from '../backend/thief.js'

const TOKEN_SECONDS = 30

/** Puts the backend of the demo into this page, behind a service worker that hands its requests over. */
export async function startMock(): Promise<void> {
  const { origin } = location
  const options = { origin, tokenSeconds: TOKEN_SECONDS, insecureCookies: false }
  // Hashed well, each sign-in would stop the page for a second.
  const demo = await createDemoBackend(options, createCheapHash())
  const thief = new Thief()
  const control = createControl(demo, thief)
  const worker = setupWorker(
    ...createBackendHandlers(watched(demo.backend, thief), { http, origin }),
    http.all(`${origin}/demo/*`, async ({ request }) => control.fetch(request)),
  )
  await worker.start({
    quiet: true,
    onUnhandledFrame: 'bypass',
    serviceWorker: { url: new URL('mockServiceWorker.js', document.baseURI).href },
  })
}

/** The backend with somebody who copies its cookies. */
function watched(backend: ReferenceBackend, thief: Thief): ReferenceBackend {
  return {
    ...backend,
    async handle(request, context = {}) {
      const lines: string[] = []
      const setCookie = (line: string): void => {
        lines.push(line)
        context.setCookie?.(line)
      }
      const answer = await backend.handle(request, { ...context, setCookie })
      thief.watch(new URL(request.url).pathname, context.headers?.['cookie'], lines)
      return answer
    },
  }
}
