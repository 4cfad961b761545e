import type { AuthErrorCode } from '../errors.js'
import type { AnswerFields, AnswerOf } from '../options/answers.js'
import type { Context } from '../plumbing/context.js'
import type { Reply } from '../plumbing/reply.js'
import type { LOADED } from './development.js'

/** What is loaded anyway. Given, since an import from here would cut every bundle of the client in two, which packs worse. */
export type Loaded = typeof LOADED

const PAGE =
  'the answer is not what the contract says. Check the endpoint, what is in between, and that a mock is started'

const UNKNOWN_REFUSAL =
  'the answer is no refusal that the client knows. Where it says that nobody is signed in, name it in `refusals`'

/** Says more of an error than the sentence of its code, where the answer shows more; never a value of the answer. */
export async function explain(
  context: Context,
  reply: Reply,
  code: AuthErrorCode,
  loaded: Loaded,
): Promise<string | undefined> {
  if (code === 'network') return corsCause(context, reply.endpoint, loaded)
  if (code !== 'invalid_response') return undefined
  if (reply.page) return PAGE
  return [400, 401].includes(reply.status) ? UNKNOWN_REFUSAL : missingMember(context, reply)
}

export function fieldsOf(context: Context, body: unknown, call: AnswerOf): AnswerFields | undefined {
  try {
    return context.options.parseAnswer(body, call)
  } catch {
    return undefined
  }
}

const PROBE_MS = 2000

/** Script is not told of CORS; but a server that answers where nothing is asked of it is up. */
export async function corsCause(
  context: Context,
  endpoint: Reply['endpoint'],
  { endpointUrl, within }: Loaded,
): Promise<string | undefined> {
  const { options, ports } = context
  const url = new URL(endpointUrl(context, endpoint)!)
  const page = new URL(ports.page.url()!).origin
  if (url.origin === page) return undefined
  const init = { mode: 'no-cors', credentials: 'omit', cache: 'no-store' } as const
  const answer = await within(ports.clock, PROBE_MS, options.fetch(url.href, init)).catch(() => undefined)
  if (!answer) return undefined
  const [header] = options.staticHeader
  return `probably CORS: ${url.origin} is up, and this page may not read its answer. It has to send Access-Control-Allow-Origin: ${page} and Access-Control-Allow-Credentials: true with every answer of ${url.pathname}, and to allow the headers ${header} and Content-Type in the one to OPTIONS`
}

const ALIASES = {
  access_token: /^(access|id|auth|api)?_?(token|jwt)$|^access$/i,
  user: /^(user|profile|account|me|data|current_?user)$/i,
}

/** Which member the answer lacks, and under which name it may have come. */
function missingMember(context: Context, { body, endpoint }: Reply): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const fields = fieldsOf(context, body, endpoint as AnswerOf)
  const isSession = context.options.mode === 'session' || endpoint === 'session' || endpoint === 'csrf'
  const wanted = isSession || fields?.accessToken !== undefined ? 'user' : 'access_token'
  const [found] = membersOf(body).filter((path) => ALIASES[wanted].test(path.replace(/^.*\./, '')))
  const came = found === undefined || found === wanted ? '' : `; did it come as \`${found}\`?`
  return `the answer has no \`${wanted}\`${came || '.'} See \`parseAnswer\``
}

/** Names of its members and of theirs. */
const membersOf = (body: object): string[] =>
  Object.entries(body).flatMap(([name, value]: [string, unknown]) => [
    name,
    ...(typeof value === 'object' && value !== null
      ? Object.keys(value).map((inner) => `${name}.${inner}`)
      : []),
  ])
