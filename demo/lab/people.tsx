import { useState } from 'react'
import { Spinner } from '../app/icons.js'
import { type Act, type Person } from '../shared/demo-api.js'
import { nameOfAccount } from '../shared/accounts.js'
import { server, useServer } from './server.js'

/** The accounts as the server knows them, and what its administrators can do to them. */
export function People() {
  const people = useServer()?.people ?? []
  const [busy, setBusy] = useState<string>()
  const run = (act: Act, id: string) => {
    if (busy !== undefined) return
    setBusy(`${act} ${id}`)
    const settle = () => setBusy(undefined)
    server.act(act, id).then(settle, settle)
  }
  const button = (act: Act, { id }: Person, text: string) => (
    <button
      type="button"
      className="button tiny"
      aria-disabled={busy !== undefined}
      aria-label={`${text}: ${nameOfAccount(id)}`}
      onClick={() => run(act, id)}
    >
      {busy === `${act} ${id}` && <Spinner />}
      {text}
    </button>
  )
  return (
    <section className="part" aria-labelledby="people-title">
      <h2 id="people-title">Accounts at the server</h2>
      <ul className="people">
        {people.map((person) => (
          <li key={person.id}>
            <span className="person">
              <span className="person-name">{nameOfAccount(person.id)}</span>
              <span className="hint">
                {person.admin ? 'manager' : 'customer'} · {sessionsOf(person.sessions)}
                {person.banned && <span className="problem"> · banned</span>}
              </span>
            </span>
            <span className="person-acts">
              {button('everywhere', person, 'Sign out everywhere')}
              {button(
                person.admin ? 'demote' : 'promote',
                person,
                person.admin ? 'Make customer' : 'Make manager',
              )}
              {button(person.banned ? 'unban' : 'ban', person, person.banned ? 'Unban' : 'Ban')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

const sessionsOf = (count: number): string => (count === 1 ? '1 session' : `${count} sessions`)
