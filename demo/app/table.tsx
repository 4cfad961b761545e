import type { ReactNode } from 'react'

export interface Column<Row> {
  readonly name: string
  readonly number?: boolean
  cell(row: Row): ReactNode
}

interface TableProps<Row> {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[] | undefined
  /** How many rows it has room for, so that nothing moves from one page to the next. */
  readonly size: number
  readonly loading: boolean
  keyOf(row: Row): string
}

/** A table that keeps its height while it loads, and on a last page that is not full. */
export function Table<Row>({ caption, columns, rows, size, loading, keyOf }: TableProps<Row>) {
  const empty = Math.max(0, size - (rows?.length ?? 0))
  return (
    <table aria-busy={loading} data-waiting={rows === undefined && loading}>
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ name, number }) => (
            <th key={name} scope="col" data-number={number}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows?.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ name, number, cell }) => (
              <td key={name} data-number={number}>
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
        {Array.from({ length: empty }, (_, index) => (
          <tr key={index} className="empty-row" aria-hidden="true">
            {columns.map(({ name }) => (
              <td key={name}>
                <span />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
