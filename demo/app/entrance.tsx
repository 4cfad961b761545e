import { useAuth } from './auth.js'
import { SignIn } from './sign-in.js'
import { Waiting } from './waiting.js'

/** Stands in the place of the shop while nobody is signed in, or nobody knows. */
export function Entrance() {
  const state = useAuth()
  if (state.status === 'authenticated') return null
  return state.status === 'unknown' ? <Waiting state={state} /> : <SignIn reason={state.reason} />
}
