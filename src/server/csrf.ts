import { Refusal } from './answers.js'
import type { Cookies } from './cookies.js'
import type { Exchange } from './exchange.js'
import { mac, newSecret, sameText } from './secrets.js'
import type { Settings } from './settings.js'

/** Signed double submit: a token that only this server can make, and that is good for one session alone. */
export interface Csrf {
  /**
   * A token for that session, or for a visitor who has none. One the browser has in its readable cookie stays
   * as it is while it is good, so that tabs do not take it from each other.
   */
  issue(exchange: Exchange, sessionId: string | undefined): string
  /** What the answer to a sign-in or a session check says about it. */
  inAnswer(exchange: Exchange, sessionId: string): { csrf_token?: string }
  /** Refuses unless the request carries a token that is good for one of these; undefined is a visitor without. */
  require(exchange: Exchange, ...sessionIds: (string | undefined)[]): void
  /** All tokens handed out so far are worth nothing. */
  rotateKey(): void
}

export function createCsrf({ csrf: options, csrfKeys, random }: Settings, cookies: Cookies): Csrf {
  let keys = csrfKeys
  const sign = (key: string, nonce: string, sessionId: string | undefined): string =>
    mac(key, `${sessionId ?? ''}.${nonce}`)

  /** Compared in constant time. No time stamp: a token is as old as its session may be. */
  const isGood = (token: string, sessionId: string | undefined): boolean => {
    const [nonce = ''] = token.split('.')
    return keys.some((key) => sameText(token, `${nonce}.${sign(key, nonce, sessionId)}`))
  }
  const cookie = (exchange: Exchange): string | undefined =>
    options.delivery.includes('cookie') ? cookies.csrf(exchange.header('cookie')) : undefined

  const issue: Csrf['issue'] = (exchange, sessionId) => {
    const held = cookie(exchange)
    if (held !== undefined && isGood(held, sessionId)) return held
    const nonce = newSecret(random)
    const token = `${nonce}.${sign(keys[0] ?? '', nonce, sessionId)}`
    if (options.delivery.includes('cookie')) exchange.cookies.push(...cookies.setCsrf(token))
    return token
  }

  return {
    issue,
    inAnswer(exchange, sessionId) {
      if (!options.token) return {}
      const token = issue(exchange, sessionId)
      return options.delivery.includes('answer') ? { csrf_token: token } : {}
    },
    require(exchange, ...sessionIds) {
      if (!options.token) return
      const sent = exchange.header(options.header) ?? ''
      const isOfCookie = !options.delivery.includes('cookie') || sameText(sent, cookie(exchange) ?? '')
      if (isOfCookie && sessionIds.some((sessionId) => isGood(sent, sessionId))) return
      throw new Refusal(options.status, options.code)
    },
    rotateKey() {
      keys = [newSecret(random)]
    },
  }
}
