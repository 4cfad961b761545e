/* What the tests of requests to an API say often. */
import { json, type Kit } from '../../support/kit.js'

export const unauthorized = (challenge?: string): Response =>
  json({ error: 'nope' }, { status: 401, headers: challenge ? { 'www-authenticate': challenge } : {} })

export const tokens = (kit: Kit, path = '/api/orders'): (string | null)[] =>
  kit.sent(path).map(({ headers }) => headers.get('authorization'))

/** Accepts every token but the given ones. */
export const rejects =
  (...spent: number[]) =>
  ({ headers }: { headers: Headers }): Response =>
    spent.some((number) => headers.get('authorization') === `Bearer token-${number}`)
      ? unauthorized('Bearer error="invalid_token"')
      : json({ by: headers.get('authorization') })

/** The token ends, and no schedule renews it in a hidden page. */
export async function expire(kit: Kit): Promise<void> {
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(300_000)
}

/** How many refreshes were sent since Ann signed in: the first one found nobody. */
export const refreshes = (kit: Kit): number => kit.sent('/auth/refresh').length - 1
