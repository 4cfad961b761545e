import {
  type AccessTokenClaims,
  createTokenVerifier,
  type TokenError,
  type TokenVerifierOptions,
} from 'latchkey/jwt'
import { expectTypeOf, it } from 'vitest'

const options: TokenVerifierOptions = {
  issuer: 'https://auth.example.com',
  audience: ['https://api.example.com'],
  jwks: new URL('https://auth.example.com/jwks'),
}

it('R134 who is let in has claims, and who is not has an answer and its reason', async () => {
  const caller = await createTokenVerifier(options).authenticate(new Request('https://api.example.com'))
  // @ts-expect-error: not before it is known that somebody was let in
  void caller.claims
  if (caller.ok) {
    expectTypeOf(caller.claims).toEqualTypeOf<AccessTokenClaims>()
    expectTypeOf(caller.claims['ver']).toBeUnknown()
  } else {
    expectTypeOf(caller.response).toEqualTypeOf<Response>()
    expectTypeOf(caller.error).toEqualTypeOf<TokenError>()
  }
})

it('R134 a shared secret, none, and a look-up that says nothing are refused', () => {
  // @ts-expect-error: whoever verifies could sign
  createTokenVerifier({ ...options, algorithms: ['HS256'] })
  // @ts-expect-error: nobody signed
  createTokenVerifier({ ...options, algorithms: ['none'] })
  // @ts-expect-error: neither true nor false
  createTokenVerifier({ ...options, isRevoked: async () => {} })
})

it('requests of Node have headers that are read', () => {
  const headers: Record<string, string | string[] | undefined> = {}
  void createTokenVerifier(options).authenticate({ headers }, { scope: undefined })
})
