import { ACCOUNTS } from '../shared/accounts.js'
import type { User } from './auth.js'
import { isForbidden } from './messages.js'
import { type Column, Table } from './table.js'
import { useResource } from './use-resource.js'
import { ViewState } from './view-state.js'

const COLUMNS: readonly Column<User>[] = [
  { name: 'Name', cell: ({ name }) => name },
  { name: 'E-mail address', cell: ({ email }) => email },
  { name: 'Role', cell: ({ roles }) => roles.join(', ') || 'customer' },
]
const MANAGER = ACCOUNTS.find(({ roles }) => (roles as readonly string[]).includes('admin'))

/** Needs a role. A 403 is an answer about this page, and says nothing against the session. */
export function Customers() {
  const resource = useResource<readonly User[]>('admin/users')
  const { data, error, loading } = resource
  if (isForbidden(error) && data === undefined) {
    return (
      <div className="waiting">
        <h4>For the shop manager only</h4>
        <p>
          The server answered 403: this account may not see the customers. You stay signed in all the same.
          {MANAGER && ` ${MANAGER.name} may see them.`}
        </p>
      </div>
    )
  }
  return (
    <>
      <Table
        caption="Customers"
        columns={COLUMNS}
        rows={data}
        size={ACCOUNTS.length}
        loading={loading}
        keyOf={({ id }) => id}
      />
      <ViewState resource={resource} />
    </>
  )
}
