import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { AuthError, type AuthErrorCode, isAuthError } from '../../src/errors.js'

/** Every code, whether the same call can succeed later, and that the type knows no other. */
const CODES: Record<AuthErrorCode, boolean> = {
  login_required: false,
  session_ended: false,
  inside_exchange: false,
  session_changed: false,
  invalid_credentials: false,
  login_refused: false,
  csrf_refused: false,
  user_disabled: false,
  forbidden: false,
  rate_limited: true,
  timeout: true,
  offline: true,
  network: true,
  server_error: true,
  invalid_response: false,
  redirected: false,
  unsupported_token_type: false,
  invalid_user: false,
  refresh_loop: false,
  session_mode_refused: false,
  no_session_cookie: false,
  no_token_in_session_mode: false,
  not_replayable: false,
  invalid_return_to: false,
  embedded: false,
  no_page: false,
  disposed: false,
}
const codes = Object.keys(CODES) as AuthErrorCode[]

it.each(codes)('R92 %s has a sentence of its own', (code) => {
  const { message } = new AuthError(code)
  expect(message).toMatch(/^[a-z`].{20,}[^.?!:]\.$/)
  expect(message).not.toContain('undefined')
  expect(codes.filter((other) => new AuthError(other).message === message)).toEqual([code])
})

it.each(codes)('R92 %s says whether a retry makes sense', (code) => {
  expect(new AuthError(code).retryable).toBe(CODES[code])
})

it('R92 an error carries what failed, why, and what the server said', () => {
  const cause = new TypeError('Failed to fetch')
  const response = new Response()
  const error = new AuthError('rate_limited', {
    cause,
    status: 429,
    serverCode: 'slow_down',
    retryAt: 5,
    reason: 'expired',
    response,
    action: 'log in',
  })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({
    name: 'AuthError',
    code: 'rate_limited',
    status: 429,
    serverCode: 'slow_down',
    retryAt: 5,
    reason: 'expired',
    response,
  })
  expect(error.cause).toBe(cause)
  expect(error.message).toMatch(/^Failed to log in: the server asks to wait/)
  expect(String(error)).toBe(`AuthError: ${error.message}`)
  expect(error.stack).toContain('errors.test.ts')
})

it('R92 an error without a cause has none, so that no empty one is logged', () => {
  expect('cause' in new AuthError('timeout')).toBe(false)
})

it('R92 an AuthError of this package is one, also a subclass of it', () => {
  class MyError extends AuthError {}
  expect(isAuthError(new AuthError('timeout'))).toBe(true)
  expect(isAuthError(new MyError('timeout'))).toBe(true)
})

it('R92 an AuthError of another realm, or of another copy of the package, is one', () => {
  const source = `(${AuthErrorOfElsewhere.toString()})()`
  const elsewhere: unknown = runInNewContext(source)
  expect(elsewhere).not.toBeInstanceOf(Error)
  expect(isAuthError(elsewhere)).toBe(true)
  expect(isAuthError(AuthErrorOfElsewhere())).toBe(true)
})

function AuthErrorOfElsewhere(): unknown {
  return Object.assign(new Error('the server did not answer in time'), { name: 'AuthError', code: 'timeout' })
}

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'AuthError'],
  ['a function', AuthError],
  ['another error', new TypeError('x')],
  ['an abort', new DOMException('x', 'AbortError')],
  ['an error with a code', Object.assign(new Error('x'), { code: 'ENOENT' })],
  ['an error with that name and no code', Object.assign(new Error('x'), { name: 'AuthError' })],
  ['a plain object that looks like one', { name: 'AuthError', code: 'timeout', message: 'x' }],
])('R92 %s is no AuthError', (_name, value) => {
  expect(isAuthError(value)).toBe(false)
})

it('R93 AV-29 neither message nor JSON shows the cause or the answer, which may quote a secret', () => {
  const secret = 'eyJhbGciOi.secret'
  for (const code of codes) {
    const error = new AuthError(code, {
      cause: new Error(secret),
      response: new Response(secret, { headers: { 'set-cookie': secret } }),
      action: 'send GET https://api.example.com/orders',
      status: 401,
    })
    expect(error.message).not.toContain(secret)
    expect(JSON.stringify(error)).not.toContain(secret)
    expect(String(error)).not.toContain(secret)
    expect(JSON.stringify(Object.entries(error))).not.toContain(secret)
  }
})
