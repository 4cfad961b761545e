import { createElement, type ReactNode } from 'react'
import { expectTypeOf, it } from 'vitest'
import { type AuthClient, type AuthState, createAuthClient } from 'latchkey'
import {
  AuthProvider,
  createAuthContext,
  RequireAuth,
  useAuth,
  useAuthClient,
  useAuthFetch,
  useSessionEnd,
  useUser,
  type UserOf,
} from '../../src/react/index.js'

interface User {
  readonly id: string
  readonly roles: readonly string[]
}

const auth = createAuthClient({ parseUser: (value): User => value as User })
const shop = createAuthContext<typeof auth>()

it('R94 the type of the user flows from the client into every hook and component', () => {
  expectTypeOf<UserOf<typeof auth>>().toEqualTypeOf<User>()
  expectTypeOf(shop.useAuth()).toEqualTypeOf<AuthState<User>>()
  expectTypeOf(shop.useAuthReady()).toEqualTypeOf<AuthState<User>>()
  expectTypeOf(shop.useUser()).toEqualTypeOf<User | undefined>()
  expectTypeOf(shop.useAuthClient()).toEqualTypeOf<AuthClient<User, never>>()
  expectTypeOf(shop.useAuthFetch()).toEqualTypeOf<(typeof auth)['fetch']>()
  shop.useSessionEnd(({ previousUser }) => expectTypeOf(previousUser).toEqualTypeOf<User | undefined>())
  createElement(shop.SignedIn, { children: (user) => user.roles.join() })
  createElement(shop.RequireAuth, { children: (user) => user.roles.join() })
})

it('R94 a selector sees the user only where the status says so, and gives its own type', () => {
  const roles = shop.useAuth((state) => (state.status === 'authenticated' ? state.user.roles : []))
  expectTypeOf(roles).toEqualTypeOf<readonly string[]>()
  // @ts-expect-error: not on every status
  shop.useAuth((state) => state.user)
})

it('R94 a provider takes no client and no session of another user type', () => {
  const other = createAuthClient({ parseUser: (): { readonly name: string } => ({ name: 'Ann' }) })
  createElement(shop.AuthProvider, { client: auth })
  createElement(shop.AuthProvider, { client: auth, initialSession: { user: { id: 'ann', roles: [] } } })
  // @ts-expect-error: its user has no roles
  createElement(shop.AuthProvider, { client: other })
  // @ts-expect-error: neither has this one
  createElement(shop.AuthProvider, { client: auth, initialSession: { user: { id: 'ann' } } })
  // @ts-expect-error: a provider needs a client
  createElement(shop.AuthProvider, {})
})

it('R94 outside a typed context the user is unknown, never any', () => {
  expectTypeOf(useUser()).toBeUnknown()
  expectTypeOf(useAuth()).toEqualTypeOf<AuthState>()
  expectTypeOf(useAuthClient()).toEqualTypeOf<AuthClient>()
  expectTypeOf(useAuthFetch()).toEqualTypeOf<AuthClient['fetch']>()
  useSessionEnd(({ previousUser }) => expectTypeOf(previousUser).toBeUnknown())
  createElement(AuthProvider, { client: auth })
  // @ts-expect-error: nothing is known of the user here
  useAuth((state: AuthState<User>) => state.status)
})

it('optional props take undefined, also under exactOptionalPropertyTypes', () => {
  const session = undefined as { user: unknown; mode: undefined; sessionId: undefined } | null | undefined
  createElement(AuthProvider, { client: auth, initialSession: session })
  createElement(RequireAuth, { onDenied: undefined, fallback: undefined })
  createElement(RequireAuth, { onDenied: async ({ reason }) => void expectTypeOf(reason).toBeString() })
  expectTypeOf(RequireAuth).returns.toExtend<ReactNode>()
})
