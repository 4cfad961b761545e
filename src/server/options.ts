/*
 * What both the server to deploy and the backend to test against can be told about the wire.
 */

/**
 * Where a page learns its token: in the answers to sign-in and session check, in a cookie it can read, or at
 * `GET /auth/csrf`.
 */
export type CsrfDelivery = 'answer' | 'cookie' | 'endpoint'

export interface CsrfOptions {
  /** False: the static header and the source of the call are all that is looked at. Default: true. */
  token?: boolean | undefined
  /** Default: `'X-CSRF-Token'`. */
  header?: string | undefined
  /** With `'cookie'` the header must say what the cookie says. Default: `['answer', 'endpoint']`. */
  delivery?: readonly CsrfDelivery[] | undefined
  /** Full name of the readable cookie. Default: `'__Host-csrf'`, insecure `'csrf'`. */
  cookie?: string | undefined
  /** Whether a sign-in has to carry one too: of the visitor before it. Default: false. */
  login?: boolean | undefined
  /** Of the refusal. Default: 403. */
  status?: number | undefined
  /** Of the refusal. Default: `'csrf_failed'`. */
  code?: string | undefined
}

/** A cookie of before, exactly as it was set. */
export interface FormerCookie {
  /** Which one it was. */
  readonly of: 'refresh' | 'sid'
  /** Its whole name, prefix included. */
  readonly name: string
  /** Default: `'/'`. */
  readonly path?: string | undefined
  /** Default: none, of this host alone. */
  readonly domain?: string | undefined
}

export interface CookieOptions {
  /** Name of the refresh cookie without its prefix. Default: `'refresh'`. */
  refresh?: string | undefined
  /** Name of the cookie of a session without its prefix. Default: `'sid'`. */
  sid?: string | undefined
  /** Name of the cookie of a redirect login in progress, without its prefix. Default: `'login'`. */
  login?: string | undefined
  /**
   * Full name of a cookie that script can read and that lives as long as the refresh cookie or the `sid`. It
   * holds no secret. Default: `'signed_in'` of `createAuthServer`; none of the reference backend, whose tests count what a visitor asks.
   */
  hint?: string | undefined
  /**
   * Cookies that an earlier deployment has set under another name, path or domain: they are read too, and deleted where they lie when the new one is set.
   * Default: none.
   */
  former?: readonly FormerCookie[] | undefined
  /**
   * The prefix `__Host-Http-` in the place of `__Host-` on all cookies that script cannot read: browsers that
   * know it let no script plant them, and others take it for `__Host-`. Default: false.
   */
  httpPrefix?: boolean | undefined
  /**
   * No `__Host-` prefix and no `Secure`: for development on plain http in WebKit, which refuses both there.
   * Anybody on the network can read such cookies. Default: false.
   */
  insecureCookies?: boolean | undefined
}

export interface ThrottleOptions {
  /** Failed sign-ins of one account before it has to wait. Default: 10. */
  perAccount?: number | undefined
  /** Failed sign-ins from one address before it has to wait. Default: 100. */
  perAddress?: number | undefined
  /** In which time they count, in ms. Default: 15 minutes. */
  windowMs?: number | undefined
  /**
   * Whether a browser in which the owner has signed in before has attempts of its own, so that strangers who guess at his account do not keep him out. It
   * is known by a cookie that holds no secret and outlives sign-outs for half a year. Default: true.
   */
  knownDevices?: boolean | undefined
}

/** What a session and its credentials are like, the same in both. */
export interface SessionOptions {
  /** Lifetime of an access token in seconds. Default: 300. */
  accessTokenSeconds?: number | undefined
  /**
   * Absolute end of a session, in ms after the sign-in. Default: 30 days. High-value applications: 4 to 8
   * hours.
   */
  sessionMs?: number | undefined
  /**
   * How long a session lives without activity, in ms. Default: 7 days. High-value applications: 15 to 30
   * minutes. Activity is written down once a minute at most, or after a tenth of this where that is sooner, so it may be that much less.
   */
  idleMs?: number | undefined
  /**
   * How many sessions a user may have at once: a sign-in beyond that ends his oldest, with `session_revoked`. Default: any number.
   */
  sessionsPerUser?: number | undefined
  /**
   * What happens to a refresh token that comes back after it was spent. `'forgiving'`: it gets the newest one for 30 s, and for 24 hours where the answer was
   * lost; a thief who renews right behind the owner is not noticed. `'strict'`: it ends the session at once; so do a lost answer and two tabs
   * without locks. The three limits below say it more finely. Default: `'forgiving'`.
   */
  grace?: 'forgiving' | 'strict' | undefined
  /**
   * Whether each API asks this server about its tokens (`authenticate`), so that it knows which have arrived: only then may a spent refresh token get its
   * successor a day later. Default: of each session, from the first of its tokens on that was seen here.
   */
  seesTokens?: boolean | undefined
  /** How long a spent refresh token still gets the newest one, in ms. Default: 30,000. 0 is never. */
  graceMs?: number | undefined
  /**
   * How many generations behind the newest a spent refresh token may be for that. 1 refuses where the successor
   * itself was spent: then a browser without locks can lose its session to a slow network. Default: 8.
   */
  graceGenerations?: number | undefined
  /** How long it does while the successor is undelivered, in ms. Default: 24 hours. 0 is never (strict). */
  undeliveredGraceMs?: number | undefined
  csrf?: CsrfOptions | undefined
  cookies?: CookieOptions | undefined
  throttle?: ThrottleOptions | undefined
  /** Header that each state-changing call must carry. Default: `X-CSRF: 1`. */
  staticHeader?: { readonly name: string; readonly value: string } | undefined
  /**
   * Header in which a call by `sid` cookie may name the session it was meant for; another one is answered 409
   * `session_mismatch`. `false`: a backend that does not look. Default: `'X-Session-Id'`.
   */
  sessionIdHeader?: string | false | undefined
  /**
   * Serves apps that are no browser page, in token mode: a call with `X-Client: native` gets its refresh token in the answer and sends it in the body.
   * Cookies count for nothing there, and what a browser sends is refused. Default: false.
   */
  nativeClients?: boolean | undefined
  /**
   * Lets unsafe calls pass that say nothing about where they come from, as tools outside a browser do.
   * Default: false.
   */
  allowMissingOrigin?: boolean | undefined
}
