import { useCallback, useEffect, useState } from 'react'
import { api, useAuth } from './auth.js'
import { useOnline } from './use-online.js'

/** What the API answered, by path. It belongs to the user, so it goes with the session. */
const cache = new Map<string, unknown>()

/** For the end of a session: nobody else may find any of it. */
export const forgetAll = (): void => cache.clear()

export interface Resource<T> {
  /** The newest there is; that of the previous path while this one loads. */
  readonly data: T | undefined
  readonly error: unknown
  readonly loading: boolean
  reload(): void
}

/** Loads a path of the API, and again whenever the server can be reached again. */
export function useResource<T>(path: string): Resource<T> {
  const [last, setLast] = useState<{ readonly data?: T; readonly error?: unknown }>({})
  const [loading, setLoading] = useState(true)
  const [round, setRound] = useState(0)
  const link = `${useOnline()} ${useAuth(({ connection }) => connection)}`

  useEffect(() => {
    const { signal, abort } = abortable()
    setLoading(true)
    const settle = (data: T | undefined, error: unknown) => {
      if (signal.aborted) return
      if (data !== undefined) cache.set(path, data)
      setLast((before) => ({ ...before, ...(data === undefined ? undefined : { data }), error }))
      setLoading(false)
    }
    api
      .get(path, { signal })
      .json<T>()
      .then(
        (data) => settle(data, undefined),
        (error: unknown) => settle(undefined, error),
      )
    return abort
  }, [path, round, link])

  const reload = useCallback(() => setRound((count) => count + 1), [])
  const data = (cache.get(path) as T | undefined) ?? last.data
  return { data, error: last.error, loading, reload }
}

/** Puts a known answer in the place of the one that was loaded. */
export function remember(path: string, data: unknown): void {
  cache.set(path, data)
}

function abortable(): { readonly signal: AbortSignal; abort(): void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
