import { useServer } from './server.js'

const NAMES = { token: 'Token', session: 'Cookie session', both: 'Both' } as const

/** How the backend lets the page act for a user. Says nothing where the server can be in one mode only. */
export function Mode() {
  const server = useServer()
  if (!server || server.modes.length < 2) return null
  return (
    <fieldset className="choices">
      <legend>Mode of the backend</legend>
      {server.modes.map((mode) => (
        <label key={mode} className="choice">
          <input type="radio" name="mode" checked={mode === server.mode} readOnly />
          {NAMES[mode]}
        </label>
      ))}
    </fieldset>
  )
}
