'use client'

import { createAuthContext } from './create-auth-context.js'

const plain = createAuthContext()

/** Hands the client to everything below it, and starts it once mounted. For a typed user: {@link createAuthContext}. */
export const AuthProvider = plain.AuthProvider

/** The auth state, or what a selector makes of it; a silent refresh renders nothing anew. */
export const useAuth = plain.useAuth

/** The auth state once it is known who is signed in; suspends until then, 10 s at most. */
export const useAuthReady = plain.useAuthReady

/** The user who is signed in; undefined when nobody is, or nobody knows. */
export const useUser = plain.useUser

/** The client of the provider, to sign in and out. */
export const useAuthClient = plain.useAuthClient

/** `fetch` with the access token: the client's own, the same function as long as the client is the same. */
export const useAuthFetch = plain.useAuthFetch

/** Calls back when a session ends in this tab, before anybody else is shown as signed in; a promise is waited for. */
export const useSessionEnd = plain.useSessionEnd

/** Shows its children to who is signed in; they start anew when a session has ended. */
export const SignedIn = plain.SignedIn

/** Shows its children when it is known that nobody is signed in. */
export const SignedOut = plain.SignedOut

/** Shows its children to who is signed in, a fallback to others, and says when nobody is. Never sends away on `unknown`. */
export const RequireAuth = plain.RequireAuth

export { createAuthContext }
export type {
  AuthContext,
  AuthProviderProps,
  InitialSession,
  RequireAuthProps,
  SignedInProps,
  SignedOutProps,
  UserOf,
} from './auth-context.js'
