import type { Page } from '../core/ports.js'

const PLAIN = /^https?:/

export const browserPage: Page = {
  get exists() {
    return typeof document !== 'undefined'
  },
  url() {
    if (typeof document === 'undefined') return undefined
    const { baseURI } = document
    const { href } = location
    // A `<base>` that points elsewhere, perhaps injected, must not decide where credentials go. A document without a
    // URL of its own (srcdoc) still has the one of its creator as its base.
    const isOurs = baseURI === href || !PLAIN.test(href) || baseURI.startsWith(`${location.origin}/`)
    const url = isOurs ? baseURI : href
    return PLAIN.test(url) ? url : undefined
  },
  path: () => location.pathname + location.search + location.hash,
  navigate: (url) => location.assign(url),
  conceal(hidden) {
    const { style } = document.documentElement
    if (hidden) style.setProperty('visibility', 'hidden', 'important')
    else style.removeProperty('visibility')
  },
  embedded() {
    try {
      return top!.location.href === ''
    } catch {
      return true
    }
  },
  meta: (name) => document.getElementsByTagName('meta').namedItem(name)?.content,
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
