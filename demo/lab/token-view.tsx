import { useEffect, useState } from 'react'
import { auth, useAuth } from '../app/auth.js'
import { useNow } from '../app/use-now.js'
import { type DecodedToken, decodeToken, lifeOf, MEANINGS, valueOf } from './token.js'

/** What the token says, its own or a pasted one. Decoded in the page, sent nowhere, and never shown as it stands. */
export function Token() {
  const [pasted, setPasted] = useState('')
  const mine = useOwnToken()
  const mode = useAuth((state) => (state.status === 'authenticated' ? state.mode : undefined))
  const decoded = pasted.trim() === '' ? mine : decodeToken(pasted)
  const now = useNow(decoded === undefined ? undefined : 1000)
  return (
    <section className="part" aria-labelledby="token-title">
      <div className="part-top">
        <h2 id="token-title">
          {pasted.trim() === '' ? 'What the token says' : 'What the pasted token says'}
        </h2>
        <span className="hint">decoded here, sent nowhere</span>
      </div>
      {decoded ? (
        <>
          <Members name="Header" members={decoded.header} />
          <Members name="Claims" members={decoded.claims} />
          <p className="hint token-life">{lifeOf(decoded, now)} Its signature is for the server to check.</p>
        </>
      ) : (
        <p className="hint">
          {pasted.trim() !== '' && 'This is no JSON Web Token: it needs three parts with dots between.'}
          {pasted.trim() === '' && (mode === 'session' ? COOKIE_ALONE : 'None in memory now.')}
        </p>
      )}
      <label htmlFor="paste">Look into another one</label>
      <textarea
        id="paste"
        rows={2}
        spellCheck={false}
        autoComplete="off"
        placeholder="Paste a token"
        onInput={(event) => setPasted(event.currentTarget.value)}
      />
    </section>
  )
}

const COOKIE_ALONE =
  'There is none in script: the cookie is the credential, which only browser and server see. Script holds a CSRF token for writes, worth nothing by itself.'

function Members({ name, members }: { readonly name: string; readonly members: DecodedToken['claims'] }) {
  return (
    <>
      <h3 className="eyebrow">{name}</h3>
      <dl className="members">
        {Object.entries(members).map(([member, value]) => (
          <div key={member}>
            <dt>
              <code>{member}</code> {MEANINGS[member] && <span className="hint">{MEANINGS[member]}</span>}
            </dt>
            <dd>{valueOf(member, value)}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}

/** The token in memory, decoded anew whenever there is another one. */
function useOwnToken(): DecodedToken | undefined {
  const state = useAuth()
  const [decoded, setDecoded] = useState<DecodedToken>()
  const now = useNow(500)
  const expiresAt = state.status === 'authenticated' && state.mode === 'token' ? state.expiresAt : undefined
  // Looking must not renew it.
  const alive = expiresAt !== undefined && expiresAt > now
  useEffect(() => {
    let wanted = true
    const read = alive ? auth.getAccessToken({ minValidity: 0 }) : Promise.resolve('')
    read.then(
      (token) => wanted && setDecoded(decodeToken(token)),
      () => wanted && setDecoded(undefined),
    )
    return () => void (wanted = false)
  }, [alive, expiresAt])
  return decoded
}
