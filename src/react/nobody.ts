import type { AuthClient, UnknownState } from '../index.js'
import { report } from './report.js'
import { NO_CLIENT } from './words.js'

/** One object for all: what a server renders must not depend on the request, and hydration must find the same. */
export const UNKNOWN: UnknownState = { status: 'unknown', connection: 'ok', retryAt: undefined }

const missing = () => new TypeError(NO_CLIENT)

const refuse = () => Promise.reject(missing())

const complain = () => {
  report(missing())
  return () => {}
}

/** Stands in where there is no client: the page goes on as `unknown`, and the sentence says what is wrong. */
export const nobody: AuthClient<never> = {
  ready: () => Promise.resolve(UNKNOWN),
  getState: () => UNKNOWN,
  subscribe: complain,
  on: complain,
  login: refuse,
  exchange: refuse,
  loginWithRedirect: refuse,
  logout: refuse,
  fetch: refuse,
  getAccessToken: refuse,
  refresh: refuse,
  touch() {},
  diagnose: refuse,
  getDiagnostics: () => [],
  dispose() {},
}
