import type { Act } from '../shared/demo-api.js'
import type { DemoBackend } from './backend.js'

/** Whom an act is about: those who are signed in on the page that asks for it. */
export interface Whom {
  readonly user: string
  readonly session: string
}

/** Far beyond what a token lives, so that a client that believed the server's clock would be wrong about it at once. */
const SKEW_MS = 10 * 60_000

type Doer = (demo: DemoBackend, whom: Whom) => Promise<void> | void

const ROLES: Partial<Record<Act, readonly string[]>> = { promote: ['admin'], demote: [] }

const setRoles =
  (act: Act): Doer =>
  ({ backend }, { user }) =>
    backend.admin.setRoles(user, ROLES[act] ?? [])

/** What each act does to the server; all of it is in the words of its admin interface. */
export const DOERS: Readonly<Record<Exclude<Act, 'replay'>, Doer>> = {
  revoke: ({ backend }, { session }) => backend.admin.endSession(session),
  everywhere: ({ backend }, { user }) => backend.admin.endAllSessions(user),
  ban: ({ backend }, { user }) => backend.admin.ban(user),
  unban: ({ backend }, { user }) => backend.admin.unban(user),
  promote: setRoles('promote'),
  demote: setRoles('demote'),
  'rotate-keys': ({ backend }) => backend.admin.rotateSigningKeys(),
  skew: (demo) => void (demo.clock.ahead = SKEW_MS),
  unskew: (demo) => void (demo.clock.ahead = 0),
  // The same roles once more: with a deny-list, every token that is out dies at once and the session lives on.
  async expire({ backend, users }, { user }) {
    await backend.admin.setRoles(user, (await users.find(user))?.roles ?? [])
  },
}
