/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1), its scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: ReadonlyMap<string, string>
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+"
const PARAMETER = new RegExp(
  `(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))[ \\t]*(?=,|$)`,
  'y',
)
const SCHEME = new RegExp(`(${TOKEN})(?:[ \\t]+(?:[\\w.~+/-]+=*[ \\t]*(?=,|$))?|(?=,|$))`, 'y')
const SEPARATOR = /[ \t,]*/y

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
  let position = 0
  const read = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position
    const match = pattern.exec(header)
    if (match) position = pattern.lastIndex
    return match
  }
  for (;;) {
    read(SEPARATOR)
    if (position >= header.length) break
    const current = challenges.at(-1)
    const parameter = current && read(PARAMETER)
    if (parameter) {
      const name = parameter[1]!.toLowerCase()
      if (SINGULAR.has(name) && current.parameters.has(name)) current.broken = true
      if (!current.parameters.has(name)) {
        current.parameters.set(name, parameter[2]?.replace(/\\(.)/g, '$1') ?? parameter[3]!)
      }
      continue
    }
    const scheme = read(SCHEME)
    if (!scheme) break
    challenges.push({ scheme: scheme[1]!.toLowerCase(), parameters: new Map(), broken: false })
  }
  return challenges
    .filter((challenge) => !challenge.broken)
    .map(({ scheme, parameters }) => ({ scheme, parameters }))
}
