import {
  type AuthClientOptions,
  type AuthErrorCode,
  type AuthState,
  createAuthClient,
  isAuthError,
} from 'latchkey'
import { expectTypeOf, it } from 'vitest'

interface User {
  readonly id: string
  readonly roles: readonly string[]
}

const parseUser = (value: unknown): User => value as User

it('R94 the type of the user follows from parseUser, through state, listeners and events', () => {
  const auth = createAuthClient({ parseUser })
  expectTypeOf(auth.getState()).toEqualTypeOf<AuthState<User>>()
  auth.subscribe((state) => expectTypeOf(state).toEqualTypeOf<AuthState<User>>())
  const state = auth.getState()
  if (state.status === 'authenticated') expectTypeOf(state.user).toEqualTypeOf<User>()
})

it('R94 without parseUser the user is unknown, never any', () => {
  const state = createAuthClient().getState()
  if (state.status === 'authenticated') expectTypeOf(state.user).toBeUnknown()
})

it('R94 a parser of another type is refused', () => {
  // @ts-expect-error: it gives a number where a user is asked for
  createAuthClient<User>({ parseUser: () => 1 })
})

it('a state has a user only when it is authenticated, and a reason only when nobody is signed in', () => {
  const state = createAuthClient({ parseUser }).getState()
  // @ts-expect-error: not on every status
  void state.user
  switch (state.status) {
    case 'unknown':
      return
    case 'authenticated':
      expectTypeOf(state.expiresAt).toEqualTypeOf<number | undefined>()
      return
    case 'unauthenticated':
      expectTypeOf(state.reason).toExtend<string>()
      return
    default:
      expectTypeOf(state).toBeNever()
  }
})

it('R92 the codes of an error are a closed union', () => {
  const error: unknown = undefined
  if (!isAuthError(error)) return
  expectTypeOf(error.code).toEqualTypeOf<AuthErrorCode>()
  expectTypeOf<string>().not.toExtend<AuthErrorCode>()
  expectTypeOf(error.retryable).toEqualTypeOf<boolean>()
  // @ts-expect-error: no such code
  void (error.code === 'no_such_code')
})

it('an option that is undefined compiles under exactOptionalPropertyTypes', () => {
  const options: Required<AuthClientOptions<User>> = {} as Required<AuthClientOptions<User>>
  const nothing = {} as { [Name in keyof AuthClientOptions<User>]: undefined }
  createAuthClient<User>(nothing)
  createAuthClient<User>(options)
})

it('an option that does not exist is refused', () => {
  // @ts-expect-error: misspelt
  createAuthClient({ baseURL: 'https://api.example.com' })
})
