/*
 * Where browsers differ, as measured on stock Chromium 156, Firefox ESR 153 and WebKitGTK 2.50 in November 2026.
 */

/** Which browser a virtual world behaves like. */
export type Engine = 'chromium' | 'firefox' | 'webkit'

export interface EngineProfile {
  /** What a Web Lock, held or waited for, means for a page on its way into the back/forward cache. */
  readonly lockInCache: 'keeps' | 'prevents' | 'loses'
  /** What a request in flight means for it. */
  readonly fetchInCache: 'keeps' | 'prevents' | 'fails'
  /** What a message to an open channel does to a page in the cache. */
  readonly messageInCache: 'evicts' | 'is lost'
  /** Whether a restored page hears of storage changes it missed. */
  readonly storageEventAfterCache: boolean
  /** Whether the cookies of an aborted `keepalive` request are stored all the same. */
  readonly abortKeepsCookies: boolean
}

export const ENGINES: Record<Engine, EngineProfile> = {
  chromium: {
    lockInCache: 'keeps',
    fetchInCache: 'keeps',
    messageInCache: 'evicts',
    storageEventAfterCache: true,
    abortKeepsCookies: true,
  },
  firefox: {
    lockInCache: 'prevents',
    fetchInCache: 'prevents',
    messageInCache: 'evicts',
    storageEventAfterCache: false,
    abortKeepsCookies: false,
  },
  webkit: {
    lockInCache: 'loses',
    fetchInCache: 'fails',
    messageInCache: 'is lost',
    storageEventAfterCache: false,
    abortKeepsCookies: true,
  },
}
