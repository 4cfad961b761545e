/* The hooks of `latchkey/react` in a real browser. Clients stay in this module; tests get what they told and did. */
import { createElement } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { type AuthClientOptions, createAuthClient, isAuthError } from 'latchkey'
import type { InitialSession } from 'latchkey/react'
import { App, type AppProps, type User } from './react-app.ts'

export interface ReactSettings {
  readonly client: AuthClientOptions
  readonly strict: boolean
  readonly extra?: AppProps['extra']
  readonly session?: InitialSession<User> | null
  /** `first`: the client knows who is signed in before React takes over what the server has rendered. */
  readonly hydrate?: 'at-once' | 'first'
}

const { client, strict, extra, session, hydrate } = JSON.parse(
  document.getElementById('options')?.textContent ?? '{}',
) as ReactSettings
const auth = createAuthClient<User>(client as AuthClientOptions<User>)
const other = createAuthClient<User>({
  ...(client as AuthClientOptions<User>),
  key: 'other',
  restore: 'never',
})

const container = document.getElementById('root')!
/** Every text that was on the page, one after the other; and what React found to differ from the server. */
const texts: string[] = [container.textContent]
const recovered: string[] = []
const renders: Record<string, number> = {}
const told: string[] = []
const nodes = [...container.querySelectorAll('*')]
new MutationObserver(() => {
  if (container.textContent !== texts.at(-1)) texts.push(container.textContent)
}).observe(container, { childList: true, characterData: true, subtree: true })

const app = (shown = auth) => createElement(App, { client: shown, session, strict, extra, renders, told })
if (hydrate === 'first') await auth.ready()
const onRecoverableError = (error: unknown): void => void recovered.push(String(error))
const root = hydrate ? hydrateRoot(container, app(), { onRecoverableError }) : createRoot(container)
if (!hydrate) root.render(app())

const codeOf = (error: unknown): string => (isAuthError(error) ? error.code : String(error))

const hooks = {
  seen: () => ({
    texts,
    recovered,
    renders: { ...renders },
    told: [...told],
    kept: nodes.length > 0 && nodes.every((node) => node.isConnected),
  }),
  login: (credentials: object) => auth.login(credentials).then(() => 'done', codeOf),
  logout: () => auth.logout().then(() => 'done', codeOf),
  refresh: async (times: number) => {
    for (let time = 0; time < times; time++) await auth.refresh({ force: true })
  },
  request: () => auth.fetch('/api/profile').then(({ status }) => String(status), codeOf),
  swap: () => root.render(app(other)),
  back: () => root.render(app()),
  dispose: () => auth.dispose(),
}

export type ReactHooks = typeof hooks

declare global {
  interface Window {
    react: ReactHooks
  }
}
window.react = hooks
