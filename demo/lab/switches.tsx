import type { DiagnosticType } from 'latchkey'
import { useState } from 'react'
import { useAuth } from '../app/auth.js'
import { Spinner } from '../app/icons.js'
import { type Act, ANSWERS, type DemoState, type Replay } from '../shared/demo-api.js'
import { Choice } from './choice.js'
import { log } from './log.js'
import { Mode } from './mode.js'
import { peers } from './peers.js'
import { server, SILENT, useServer } from './server.js'

const NAMES: Readonly<Record<(typeof ANSWERS)[number], string>> = {
  normal: 'as it should',
  slow: 'slowly',
  offline: 'not at all',
  '503': '503',
  '429': '429',
  html: 'with HTML',
}

const HINTS: Readonly<Record<(typeof ANSWERS)[number], string>> = {
  normal: 'Every call of the app is answered.',
  slow: 'Every call takes a second and a half longer.',
  offline: 'Every connection is dropped. Watch the token run out, and the session stay.',
  '503': 'A server in between says that it is busy. Nobody is signed out for that.',
  '429': 'The server asks to wait four seconds, and the client does.',
  html: 'A captive portal: status 200, and a page where JSON should be.',
}

interface Deed {
  readonly act: Act
  readonly title: string
  readonly hint: string
  /** What it is about: the session of this page, its token, or nothing of this page. */
  readonly about: 'session' | 'token' | 'server'
  readonly said: string
}

const DEEDS: readonly Deed[] = [
  {
    act: 'expire',
    title: 'Expire now',
    hint: 'Every token that is out dies.',
    about: 'token',
    said: 'The next request gets a 401, and is sent again with a new token.',
  },
  {
    act: 'revoke',
    title: 'Revoke this session',
    hint: 'As an administrator would.',
    about: 'session',
    said: 'Revoked. The next renewal is refused, and that ends the session here.',
  },
  {
    act: 'replay',
    title: 'Replay an old cookie',
    hint: 'As a thief would who copied it.',
    about: 'token',
    said: 'There is no old cookie yet: renew the token first.',
  },
  {
    act: 'rotate-keys',
    title: 'Rotate signing keys',
    hint: 'Nobody should notice.',
    about: 'server',
    said: 'Rotated. Tokens that are out go on working; new ones have another kid.',
  },
]

/** Switches that make the server behave badly, and people who do what people do. */
export function Switches() {
  const state = useServer()
  const mode = useAuth((now) => (now.status === 'authenticated' ? now.mode : undefined))
  const [busy, setBusy] = useState<string>()
  const [said, setSaid] = useState('')
  const run = (name: string, act: () => Promise<string>) => {
    if (busy !== undefined) return
    setBusy(name)
    const settle = (text: string) => {
      setSaid(text)
      setBusy(undefined)
    }
    act().then(settle, () => settle(SILENT))
  }
  const skewed = (state?.skewSeconds ?? 0) !== 0

  return (
    <section className="part" aria-labelledby="switches-title">
      <h2 id="switches-title">The server</h2>
      <Mode />
      <Choice
        legend="It answers"
        name="answers"
        values={ANSWERS}
        names={NAMES}
        now={state && (state.answers === 'stuck' ? 'slow' : state.answers)}
        isBad={(answers) => answers !== 'normal'}
        hintOf={(answers) => HINTS[answers]}
        ask={server.answer}
      />
      <ul className="deeds">
        {DEEDS.map(({ act, title, hint, about, said: after }) => {
          const off =
            !state || (about === 'session' && mode === undefined) || (about === 'token' && mode !== 'token')
          return (
            <li key={act}>
              <button
                type="button"
                className="button small"
                aria-disabled={off || busy !== undefined}
                aria-describedby={`${act}-hint`}
                onClick={() =>
                  !off &&
                  run(act, async () => {
                    const replay = await server.act(act)
                    return replay ? sentenceOf(replay) : after
                  })
                }
              >
                {busy === act && <Spinner />}
                {title}
              </button>
              <span className="hint" id={`${act}-hint`}>
                {hint}
              </span>
            </li>
          )
        })}
        {state?.restarts === true && (
          <li>
            <button
              type="button"
              className="button small"
              aria-disabled={busy !== undefined}
              aria-describedby="restart-hint"
              onClick={() => run('restart', restart)}
            >
              {busy === 'restart' && <Spinner />}
              Restart the server
            </button>
            <span className="hint" id="restart-hint">
              It keeps its file, and no memory.
            </span>
          </li>
        )}
        <li>
          <button
            type="button"
            className="button small"
            aria-pressed={skewed}
            aria-disabled={!state || busy !== undefined}
            aria-describedby="skew-hint"
            onClick={() =>
              run('skew', async () => {
                await server.act(skewed ? 'unskew' : 'skew')
                return skewed
                  ? 'The clocks agree again.'
                  : 'Ten minutes ahead. Tokens that are out have ended there; new ones are judged by how long they live, not by the server’s time of day.'
              })
            }
          >
            {busy === 'skew' && <Spinner />}
            Skew its clock
          </button>
          <span className="hint" id="skew-hint">
            {skewed ? `Now ${minutes(state)} ahead.` : 'Ten minutes ahead of yours.'}
          </span>
        </li>
      </ul>
      <p className="said" role="status">
        {said}
      </p>
    </section>
  )
}

/** Stands in the timeline, too: what the tabs decide meanwhile is because of it. */
async function restart(): Promise<string> {
  // The timeline shows a name that it does not know by its message.
  const note = (type: string, message: string) =>
    log.add({ type: type as DiagnosticType, at: Date.now(), tab: peers.me().client ?? '', message })
  note('server.down', 'The server is restarted: for a moment nobody answers.')
  await server.restart()
  note('server.up', 'The server is back. Accounts, sessions and keys are those of its file.')
  return 'Restarted: what it had in memory is gone, and everybody is still signed in.'
}

const minutes = (state: DemoState | undefined): string => `${Math.round((state?.skewSeconds ?? 0) / 60)} min`

function sentenceOf({ status, code, ageSeconds, renewals }: Replay): string {
  const copy = `A copy from ${ageSeconds} s and ${renewals === 1 ? 'one renewal' : `${renewals} renewals`} ago:`
  if (status === 200) {
    return `${copy} the server takes it for a tab that lost a race, since spent cookies have 30 s of grace, and hands out the newest one again. Try later, or after nine renewals.`
  }
  if (code === 'refresh_reused') {
    return `${copy} refused as used twice, and the session has been ended for thief and owner alike. The next renewal here says so.`
  }
  return `${copy} refused (${status}${code === undefined ? '' : ` ${code}`}).`
}
