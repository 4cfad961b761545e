import { explain, isForbidden } from './messages.js'
import type { Resource } from './use-resource.js'

/** What a view says beside its data: that it loads, or why it could not. Keeps its place when there is nothing to say. */
export function ViewState({ resource }: { readonly resource: Resource<unknown> }) {
  const { data, error, loading, reload } = resource
  const failed = error !== undefined && !loading
  return (
    <div className="view-state" role="status">
      {loading && <span className="loading">Loading …</span>}
      {failed && (
        <>
          <span className="problem">
            {explain(error).text}
            {data !== undefined && ' This was loaded before.'}
          </span>
          {!isForbidden(error) && (
            <button
              type="button"
              className="button small"
              onClick={({ currentTarget }) => {
                // It is gone while it tries: go on reading in the shop, and not at the top of the page.
                currentTarget.closest<HTMLElement>('.shop')?.focus({ preventScroll: true })
                reload()
              }}
            >
              Try again
            </button>
          )}
        </>
      )}
    </div>
  )
}
