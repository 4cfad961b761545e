import { useState } from 'react'
import { type Column, Table } from './table.js'
import { useResource } from './use-resource.js'
import { ViewState } from './view-state.js'

interface Order {
  readonly id: string
  readonly item: string
  readonly quantity: number
}

interface OrderPage {
  readonly orders: readonly Order[]
  readonly page: number
  readonly pages: number
  readonly total: number
}

const PAGE_SIZE = 5
const COLUMNS: readonly Column<Order>[] = [
  { name: 'Order', cell: ({ id }) => <span className="code">{id}</span> },
  { name: 'Item', cell: ({ item }) => item },
  { name: 'Quantity', number: true, cell: ({ quantity }) => quantity },
]

export function Orders() {
  const [page, setPage] = useState(1)
  const resource = useResource<OrderPage>(`orders?page=${page}`)
  const { data, loading, reload } = resource
  // Of what is on the screen, which is the page before as long as the next one has not come.
  const { page: shown, pages } = data ?? { page, pages: 1 }
  const go = (to: number) => (to === page ? reload() : setPage(to))
  return (
    <>
      <Table
        caption="Orders"
        columns={COLUMNS}
        rows={data?.orders}
        size={PAGE_SIZE}
        loading={loading}
        keyOf={({ id }) => id}
      />
      <nav className="pager" aria-label="Pages of orders">
        <button
          type="button"
          className="button small"
          aria-disabled={shown === 1}
          onClick={() => shown > 1 && go(shown - 1)}
        >
          Previous
        </button>
        <span aria-live="polite">
          Page {shown} of {data ? pages : '…'}
        </span>
        <button
          type="button"
          className="button small"
          aria-disabled={shown >= pages}
          onClick={() => shown < pages && go(shown + 1)}
        >
          Next
        </button>
      </nav>
      <ViewState resource={resource} />
    </>
  )
}
