/* The adapters of docs/frameworks.md, as they stand there, on the real client. */
import {
  createEnvironmentInjector,
  type EnvironmentInjector,
  NgZone,
  runInInjectionContext,
  type Signal,
} from '@angular/core'
import { type AuthClient, type AuthState, createAuthClient } from 'latchkey'
import { type Accessor, createEffect, createRoot } from 'solid-js'
import { get, type Readable } from 'svelte/store'
import { expect, it, vi } from 'vitest'
import { createApp, createSSRApp, h, nextTick, type ShallowRef } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { ANN, settle, signedIn } from '../support/kit.js'
import { runFence, runnable } from './run.ts'

// Node is given the build for servers, in which nothing reacts.
vi.mock('solid-js', () => vi.importActual('solid-js/dist/solid.js'))
vi.mock('solid-js/web', () => ({ isServer: false }))

const NO_PARENT = null as unknown as EnvironmentInjector

// Angular's zones: what it takes for a promise or a timer of its own.
await import('zone.js')

const fences = await runnable('docs/frameworks.md')

/** What the fence that imports from the framework exports under that name. */
async function adapter<Adapter>(framework: string, name: string): Promise<Adapter> {
  const [fence, ...rest] = fences.filter(({ code }) => code.includes(`from '${framework}'`))
  expect(rest).toEqual([])
  return (await runFence(fence!))[name] as Adapter
}

it('all code of the guide runs here', () => {
  expect(fences).toHaveLength(4)
})

it('R77 Vue follows the state, renders nothing on a silent refresh, and lets go', async () => {
  const useAuth = await adapter<(auth: AuthClient) => ShallowRef<AuthState>>('vue', 'useAuth')
  const kit = await signedIn()
  let renders = 0
  const app = createApp({
    setup() {
      const state = useAuth(kit.auth)
      return () => (renders++, h('p', state.value.status))
    },
  })
  const container = document.createElement('div')
  app.mount(container)
  await kit.auth.refresh({ force: true })
  await nextTick()
  // Once for what a server renders, and once for who is signed in.
  expect([container.textContent, renders]).toEqual(['authenticated', 2])
  await kit.auth.logout()
  await nextTick()
  expect([container.textContent, renders]).toEqual(['unauthenticated', 3])
  app.unmount()
  await kit.auth.login({})
  await settle()
  expect(renders).toBe(3)
})

it('R81 Vue takes over what a server rendered, whoever is signed in by then', async () => {
  const useAuth = await adapter<(auth: AuthClient) => ShallowRef<AuthState>>('vue', 'useAuth')
  const of = (auth: AuthClient) => {
    const setup = () => {
      const state = useAuth(auth)
      return () => h('p', state.value.status)
    }
    return createSSRApp({ setup })
  }
  const container = document.createElement('div')
  container.innerHTML = await renderToString(of(createAuthClient()))
  expect(container.textContent).toBe('unknown')
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  const app = of((await signedIn()).auth)
  app.mount(container)
  await nextTick()
  expect(container.textContent).toBe('authenticated')
  expect([warn.mock.calls, error.mock.calls]).toEqual([[], []])
  app.unmount()
})

it('R77 Svelte reads a client as a store', async () => {
  const userOf = await adapter<(auth: AuthClient) => Readable<unknown>>('svelte/store', 'userOf')
  const kit = await signedIn()
  const seen: unknown[] = []
  const stop = userOf(kit.auth).subscribe((user) => seen.push(user))
  await kit.auth.refresh({ force: true })
  expect(get(kit.auth).status).toBe('authenticated')
  await kit.auth.logout()
  stop()
  await kit.auth.login({})
  expect(seen).toEqual([ANN, undefined])
})

it('R77 Solid follows the state and lets go with its owner', async () => {
  const createAuth = await adapter<(auth: AuthClient) => Accessor<AuthState>>('solid-js', 'createAuth')
  const kit = await signedIn()
  const seen: string[] = []
  const dispose = createRoot((end) => {
    const state = createAuth(kit.auth)
    createEffect(() => seen.push(state().status))
    return end
  })
  await kit.auth.refresh({ force: true })
  await kit.auth.logout()
  dispose()
  await kit.auth.login({})
  expect(seen).toEqual(['authenticated', 'unauthenticated'])
})

it('R82 Angular follows the state and lets go with its injector', async () => {
  const injectAuth = await adapter<(auth: AuthClient) => Signal<AuthState>>('@angular/core', 'injectAuth')
  const kit = await signedIn()
  const injector = createEnvironmentInjector([{ provide: NgZone, useValue: new NgZone({}) }], NO_PARENT)
  const state = runInInjectionContext(injector, () => injectAuth(kit.auth))
  expect(state().status).toBe('authenticated')
  await kit.auth.logout()
  expect(state().status).toBe('unauthenticated')
  injector.destroy()
  await kit.auth.login({})
  expect(state().status).toBe('unauthenticated')
})

it('R82 a planned refresh does not keep Angular from being stable', async () => {
  const injectAuth = await adapter<(auth: AuthClient) => Signal<AuthState>>('@angular/core', 'injectAuth')
  const answer = () => Promise.resolve(Response.json({ access_token: 't', expires_in: 300, user: ANN }))
  const auth = createAuthClient({ fetch: answer, development: false })
  const zone = new NgZone({})
  const begun: boolean[] = []
  const watched: AuthClient = {
    ...auth,
    subscribe(listener) {
      begun.push(NgZone.isInAngularZone())
      return auth.subscribe(listener)
    },
  }
  const injector = createEnvironmentInjector([{ provide: NgZone, useValue: zone }], NO_PARENT)
  const state = zone.run(() => runInInjectionContext(injector, () => injectAuth(watched)))
  expect(await auth.ready()).toMatchObject({ status: 'authenticated' })
  expect([state().status, begun, zone.hasPendingMacrotasks]).toEqual(['authenticated', [false], false])
  injector.destroy()
  auth.dispose()
})
