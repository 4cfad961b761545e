import type { Page } from '../core/ports.js'

export const browserPage: Page = {
  get exists() {
    return typeof document !== 'undefined'
  },
  url() {
    // A sandboxed or blob document still has the URL of its creator as its base.
    const base = typeof document === 'undefined' ? undefined : document.baseURI
    return base && /^https?:/.test(base) ? base : undefined
  },
  navigate: (url) => location.assign(url),
  cookie(name) {
    try {
      const prefix = `${name}=`
      return document.cookie
        .split('; ')
        .find((pair) => pair.startsWith(prefix))
        ?.slice(prefix.length)
    } catch {
      return undefined
    }
  },
}
