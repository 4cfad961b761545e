import type { AuthClient, AuthState } from 'latchkey'
import { createAuthContext } from 'latchkey/react'
import { createTabWorld, createTestAuth, type TestAuth } from 'latchkey/testing'
import { expectTypeOf, it } from 'vitest'

interface User {
  readonly id: string
  readonly roles: readonly string[]
}

const user: User = { id: 'ann', roles: [] }

it('R89 R94 a test auth is a client, with the type of the user it is given', () => {
  const auth = createTestAuth({ user })
  expectTypeOf(auth).toEqualTypeOf<TestAuth<User>>()
  expectTypeOf(auth).toExtend<AuthClient<User>>()
  expectTypeOf(auth.getState()).toEqualTypeOf<AuthState<User>>()
  auth.on('sessionEnd', ({ previousUser }) => expectTypeOf(previousUser).toEqualTypeOf<User | undefined>())
})

it('R89 R94 it takes the place of the client in a typed context', () => {
  const { useUser } = createAuthContext<TestAuth<User>>()
  expectTypeOf<ReturnType<typeof useUser>>().toEqualTypeOf<User | undefined>()
})

it('R89 R94 another user than that of the type is refused', () => {
  const auth = createTestAuth({ user })
  // @ts-expect-error: no roles
  auth.signIn({ id: 'bob' })
  // @ts-expect-error: no such reason
  auth.expire({ reason: 'logout' })
  // @ts-expect-error: no such status
  createTestAuth({ status: 'in' })
})

it('R89 R94 the tabs of a world have clients of its user', async () => {
  const tab = await createTabWorld<User>().openTab()
  expectTypeOf(tab.app).toEqualTypeOf<AuthClient<User> | undefined>()
})
