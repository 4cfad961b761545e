/*
 * Whether answers are as an OpenAPI document says. An answer may have no member that the document does not name: other
 * servers may add some, but what ours sends is to be written down.
 */
import { Ajv2020, type AnySchemaObject, type ValidateFunction } from 'ajv/dist/2020.js'

export interface Answered {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly headers: Headers
  /** Undefined where the body is empty. */
  readonly body: unknown
}

export interface Contract {
  /** What an answer has that the document does not say, or lacks; empty if nothing. */
  faultsOf(answer: Answered): string[]
  /** Every answer of the document that was not seen, as `POST /auth/login 429`. */
  unseen(): string[]
}

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
const asObject = (value: unknown): Json => (isObject(value) ? value : {})

/** The document with what it refers to in the place of each reference. */
function resolved(document: unknown): Json {
  const at = (pointer: string): unknown =>
    pointer
      .split('/')
      .slice(1)
      .reduce((from: unknown, name) => {
        const next = asObject(from)[name.replaceAll('~1', '/').replaceAll('~0', '~')]
        if (next === undefined) throw new Error(`"${pointer}" leads nowhere`)
        return next
      }, document)
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk)
    if (!isObject(value)) return value
    if (typeof value['$ref'] === 'string') return walk(at(value['$ref']))
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member)]))
  }
  return asObject(walk(document))
}

/** The schema, with every object in it closed that does not say otherwise. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (!isObject(schema)) return schema
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return isObject(schema['properties']) && schema['type'] === 'object'
    ? { additionalProperties: false, ...members }
    : members
}

export function createContract(document: unknown): Contract {
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true })
  const routes = Object.entries(asObject(resolved(document)['paths'])).map(([path, operations]) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
    operations: asObject(operations),
  }))

  const validators = new Map<unknown, ValidateFunction>()
  const validatorOf = (schema: unknown): ValidateFunction => {
    const known = validators.get(schema)
    if (known !== undefined) return known
    const validator = ajv.compile(closed(schema) as AnySchemaObject)
    validators.set(schema, validator)
    return validator
  }
  const responsesOf = (operation: unknown): Json => asObject(asObject(operation)['responses'])
  const seen = new Set<unknown>()

  const bodyFaults = (content: unknown, body: unknown, type: string | null): string[] => {
    if (!isObject(content)) return body === undefined ? [] : ['has a body']
    const media = asObject(content[type ?? ''])
    if (media['schema'] === undefined) return [`is of type ${type}`]
    const validate = validatorOf(media['schema'])
    return validate(body) ? [] : [ajv.errorsText(validate.errors)]
  }

  return {
    faultsOf({ method, path, status, headers, body }) {
      const name = `${method} ${path} ${status}`
      const route = routes.find(({ pattern }) => pattern.test(path))
      const response = responsesOf(route?.operations[method.toLowerCase()])[status]
      if (!isObject(response)) return [`${name} is not in the document`]
      seen.add(response)
      const missing = Object.entries(asObject(response['headers']))
        .filter(([header, value]) => asObject(value)['required'] === true && !headers.has(header))
        .map(([header]) => `lacks the header ${header}`)
      const unnamed = ['set-cookie', 'www-authenticate', 'retry-after', 'location'].filter(
        (header) =>
          headers.has(header) &&
          !Object.keys(asObject(response['headers'])).some((one) => one.toLowerCase() === header),
      )
      return [
        ...missing,
        ...unnamed.map((header) => `has the header ${header}`),
        ...bodyFaults(response['content'], body, headers.get('content-type')),
      ].map((fault) => `${name} ${fault}`)
    },
    unseen: () =>
      routes.flatMap(({ path, operations }) =>
        Object.entries(operations).flatMap(([method, operation]) =>
          Object.entries(responsesOf(operation))
            .filter(([, response]) => !seen.has(response))
            .map(([status]) => `${method.toUpperCase()} ${path} ${status}`),
        ),
      ),
  }
}
