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
  const { data, loading } = resource
  const pages = data?.pages ?? 1
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
          aria-disabled={page === 1}
          onClick={() => page > 1 && setPage(page - 1)}
        >
          Previous
        </button>
        <span aria-live="polite">
          Page {page} of {data ? pages : '…'}
        </span>
        <button
          type="button"
          className="button small"
          aria-disabled={page >= pages}
          onClick={() => page < pages && setPage(page + 1)}
        >
          Next
        </button>
      </nav>
      <ViewState resource={resource} />
    </>
  )
}
