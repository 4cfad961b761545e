import { type SubmitEvent, useState } from 'react'
import { api, auth, type User } from './auth.js'
import { Spinner } from './icons.js'
import { explain } from './messages.js'
import { remember, useResource } from './use-resource.js'
import { ViewState } from './view-state.js'

/** A form that writes. The name stands in the token answer too, so the session is renewed afterwards. */
export function Profile() {
  const resource = useResource<User>('profile')
  const { data } = resource
  const [name, setName] = useState<string>()
  const [saving, setSaving] = useState(false)
  const [said, setSaid] = useState<{ readonly good: boolean; readonly text: string }>()

  const save = async (): Promise<void> => {
    setSaving(true)
    setSaid(undefined)
    const sent = name ?? data?.name
    try {
      remember('profile', await api.put('profile', { json: { name: sent } }).json<User>())
      setSaid({ good: true, text: 'Saved.' })
      // What was typed while it was saved stays.
      setName((now) => (now === sent ? undefined : now))
      await auth.refresh({ force: true })
    } catch (error) {
      setSaid({ good: false, text: explain(error).text })
    } finally {
      setSaving(false)
    }
  }
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (!saving && data) void save()
  }

  return (
    <form className="profile" onSubmit={submit}>
      <label htmlFor="name">Name</label>
      <input
        id="name"
        autoComplete="name"
        required
        maxLength={100}
        disabled={!data}
        value={name ?? data?.name ?? ''}
        onChange={(event) => setName(event.target.value)}
      />
      <label htmlFor="profile-email">E-mail address</label>
      <input id="profile-email" type="email" readOnly value={data?.email ?? ''} />
      <label htmlFor="roles">Role</label>
      <input id="roles" readOnly value={data ? data.roles.join(', ') || 'customer' : ''} />
      <div className="actions">
        <button type="submit" className="button primary" aria-disabled={saving || !data}>
          {saving && <Spinner />}
          Save
        </button>
        <p role="status" className={said?.good === false ? 'problem' : 'success'}>
          {said?.text}
        </p>
      </div>
      <ViewState resource={resource} />
    </form>
  )
}
