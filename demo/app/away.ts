import { auth } from './auth.js'

/** Long enough to be read. */
const READ_MS = 700

const say = (text: string): void => {
  document.getElementById('doing')!.textContent = text
}

void signOutAndReturn()

/** The part of somebody who signs out on this page, and presses Back. */
async function signOutAndReturn(): Promise<void> {
  // Whoever came here by themselves is not signed out for it.
  if (sessionStorage.getItem('latchkey-demo:left') === null) return say('There is nothing to do here.')
  await auth.ready()
  say('Signing out …')
  await auth.logout()
  say('Signed out. Now the back button.')
  await new Promise((resolve) => setTimeout(resolve, READ_MS))
  history.back()
}
