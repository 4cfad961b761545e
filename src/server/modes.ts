/** How a browser proves its session: by access tokens that a refresh cookie renews, or by the `sid` cookie. */
export type Mode = 'token' | 'session'

/** Which of them a backend serves. */
export type ServedMode = Mode | 'both'

/** Changes while the backend runs: a migration is a change of modes under users who are signed in. */
export interface Modes {
  serves(mode: Mode): boolean
  /** What a sign-in gets, and what the credential of the other mode is exchanged for. */
  issued(): Mode
  set(served: ServedMode, preferred?: Mode): void
}

export function createModes(served: ServedMode, preferred: Mode): Modes {
  let current = { served, preferred }
  return {
    serves: (mode) => current.served === 'both' || current.served === mode,
    issued: () => (current.served === 'both' ? current.preferred : current.served),
    set(next, prefer = current.preferred) {
      current = { served: next, preferred: prefer }
    },
  }
}

export function otherThan(mode: Mode): Mode {
  return mode === 'token' ? 'session' : 'token'
}
