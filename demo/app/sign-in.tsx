import type { UnauthenticatedState } from 'latchkey'
import { type SubmitEvent, useRef, useState } from 'react'
import { ACCOUNTS, type Account } from '../shared/accounts.js'
import { auth } from './auth.js'
import { Spinner } from './icons.js'
import { isStatic } from './place.js'
import { explain, type Explanation } from './messages.js'
import { SignedOutNotice } from './signed-out-notice.js'
import { secondsUntil, useNow } from './use-now.js'

type Busy = 'form' | 'redirect' | undefined

/** The sign-in of the shop: by a form of its own, or on the hosted page of the backend. */
export function SignIn({ reason }: { readonly reason: UnauthenticatedState['reason'] }) {
  const form = useRef<HTMLFormElement>(null)
  const [busy, setBusy] = useState<Busy>()
  const [problem, setProblem] = useState<Explanation>()
  const now = useNow(problem?.retryAt === undefined ? undefined : 500)
  const wait = problem?.retryAt === undefined ? 0 : secondsUntil(problem.retryAt, now)

  const run = (kind: Busy, act: () => Promise<unknown>) => {
    setBusy(kind)
    setProblem(undefined)
    act().catch((error: unknown) => {
      setProblem(explain(error))
      setBusy(undefined)
    })
  }
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    // What stands in the fields counts, also where a password manager wrote it and React has not heard of it.
    const entered = Object.fromEntries(new FormData(event.currentTarget))
    if (!busy && wait === 0) run('form', () => auth.login(entered))
  }
  const fill = (account: Account) => {
    for (const name of ['email', 'password'] as const)
      form.current!.querySelector<HTMLInputElement>(`[name=${name}]`)!.value = account[name]
    setProblem(undefined)
  }

  return (
    <div className="sign-in">
      <form ref={form} onSubmit={submit} aria-labelledby="sign-in-title">
        <h3 id="sign-in-title">Sign in</h3>
        <div className="notice">
          <p className="problem" role="alert">
            {problem?.text}
          </p>
          {!problem && <SignedOutNotice reason={reason} />}
        </div>
        <label htmlFor="email">E-mail address</label>
        <input id="email" name="email" type="email" autoComplete="username" required />
        <label htmlFor="password">Password</label>
        <input id="password" name="password" type="password" autoComplete="current-password" required />
        <button type="submit" className="button primary" aria-disabled={busy !== undefined || wait > 0}>
          {busy === 'form' && <Spinner />}
          {busy === 'form' ? 'Signing in' : wait > 0 ? `Try again in ${wait} s` : 'Sign in'}
        </button>
        {!isStatic && (
          <button
            type="button"
            className="button"
            aria-disabled={busy !== undefined}
            onClick={() => busy ?? run('redirect', () => auth.loginWithRedirect())}
          >
            {busy === 'redirect' && <Spinner />}
            Sign in on the hosted page
          </button>
        )}
      </form>
      <Accounts onFill={fill} />
    </div>
  )
}

function Accounts({ onFill }: { readonly onFill: (account: Account) => void }) {
  return (
    <aside className="accounts" aria-labelledby="accounts">
      <h4 className="eyebrow" id="accounts">
        Accounts to try
      </h4>
      <ul>
        {ACCOUNTS.map((account) => (
          <li key={account.id}>
            <p className="account-name">
              {account.name} <span>{account.about}</span>
            </p>
            <p className="account-secret">
              {account.email}
              <br />
              {account.password}
            </p>
            <button
              type="button"
              className="button small"
              onClick={() => onFill(account)}
              aria-label={`Fill in ${account.name}`}
            >
              Fill in
            </button>
          </li>
        ))}
      </ul>
      {!isStatic && (
        <p className="hint">
          The hosted page asks for the same ones, and the app never sees the password there.
        </p>
      )}
    </aside>
  )
}
