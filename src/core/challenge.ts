/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1), its scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: ReadonlyMap<string, string>
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+"
/** After separators a parameter, as `name="quoted"` or `name=plain`, or a scheme, whose token68 is passed over. */
const PART = new RegExp(
  `[ \\t,]*(?:(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))[ \\t]*(?=,|$)` +
    `|(${TOKEN})(?:[ \\t]+(?:[\\w.~+/-]+=*[ \\t]*(?=,|$))?|(?=,|$)))`,
  'gy',
)

/** Parameters that may stand once only (RFC 6750, 3): a challenge that repeats one says nothing that can be relied on. */
const SINGULAR = new Set(['realm', 'scope', 'error'])

/**
 * Reads the challenges of one or several joined `WWW-Authenticate` headers; stops at the first thing it does not understand.
 *
 * @example
 * import { parseChallenges } from 'latchkey'
 * const [challenge] = parseChallenges('Bearer error="insufficient_scope", scope="admin"')
 * challenge?.parameters.get('scope') // 'admin'
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Array<{ scheme: string; parameters: Map<string, string>; broken: boolean }> = []
  for (const [, name, quoted, plain, scheme] of header.matchAll(PART)) {
    const current = challenges.at(-1)
    if (scheme) {
      challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map(), broken: false })
    } else if (name && current) {
      const key = name.toLowerCase()
      if (!current.parameters.has(key)) {
        current.parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain!)
      } else if (SINGULAR.has(key)) {
        current.broken = true
      }
    } else {
      break
    }
  }
  return challenges
    .filter((challenge) => !challenge.broken)
    .map(({ scheme, parameters }) => ({ scheme, parameters }))
}
