/** The number of a small window inside the lab; undefined for the lab itself. */
export const windowNumber: number | undefined = numberIn(location.search)

/** Whether this page is such a window, and not somebody's own tab that was opened at its address. */
export const isWindow = windowNumber !== undefined && window.parent !== window

/** Whether the backend is mocked inside this page, since there is no server. */
export const isStatic = import.meta.env.MODE === 'static'

function numberIn(query: string): number | undefined {
  const text = new URLSearchParams(query).get('tab') ?? ''
  return /^[1-9]\d?$/.test(text) ? Number(text) : undefined
}
