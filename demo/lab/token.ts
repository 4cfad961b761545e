/** What a JSON Web Token says about itself. Nobody has checked its signature. */
export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Reads header and claims (RFC 7519, 3); undefined where it is none. Sends it nowhere. */
export function decodeToken(token: string): DecodedToken | undefined {
  const [header, claims, signature, ...rest] = token.trim().split('.')
  if (header === undefined || claims === undefined || signature === undefined || rest.length > 0)
    return undefined
  try {
    const decoded = { header: part(header), claims: part(claims) }
    return isObject(decoded.header) && isObject(decoded.claims) ? (decoded as DecodedToken) : undefined
  } catch {
    return undefined
  }
}

function part(text: string): unknown {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return JSON.parse(
    new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0))),
  )
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What the registered members mean (RFC 7515, 4.1; RFC 7519, 4.1; RFC 9068, 2), and those of the reference backend. */
export const MEANINGS: Readonly<Record<string, string>> = {
  alg: 'signed with',
  typ: 'kind of token',
  kid: 'which key',
  iss: 'issued by',
  aud: 'meant for',
  sub: 'about whom',
  iat: 'issued at',
  nbf: 'not before',
  exp: 'ends at',
  auth_time: 'signed in at',
  jti: 'its own id',
  sid: 'session',
  scope: 'allows',
  client_id: 'client',
  gen: 'generation of the cookie',
  ver: 'version of the account',
}

const TIMES = ['iat', 'nbf', 'exp', 'auth_time']

/** A member for people: times as times, the rest as it stands. */
export function valueOf(name: string, value: unknown): string {
  if (TIMES.includes(name) && typeof value === 'number') return dateTime.format(value * 1000)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const dateTime = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'short',
  timeStyle: 'medium',
  hourCycle: 'h23',
})

/** How long it still lives, in words. */
export function lifeOf({ claims }: DecodedToken, now: number): string {
  const { exp } = claims
  if (typeof exp !== 'number') return 'It does not say when it ends.'
  const left = Math.round(exp - now / 1000)
  return left > 0 ? `Ends in ${duration(left)}.` : `Ended ${duration(-left)} ago.`
}

function duration(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ]
  const [size, unit] = units.find(([size]) => seconds >= 2 * size) ?? [1, 's']
  return `${Math.floor(seconds / size)} ${unit}`
}
