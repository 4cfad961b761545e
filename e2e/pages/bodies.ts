/* Request bodies of all kinds, with bytes that a sloppy second sending would spoil. */

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** All byte values, so that nothing that takes them for text survives. */
const BYTES = Uint8Array.from({ length: 1024 }, (_, index) => index % 256)

const form = (): FormData => {
  const data = new FormData()
  data.append('note', 'Grüße, Ω\r\n--boundary')
  data.append('file', new File([BYTES], 'all "bytes".bin', { type: 'application/x-latch' }))
  return data
}

const stream = (): ReadableStream =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(BYTES)
      controller.close()
    },
  })

const bodies = {
  text: () => 'Grüße, Ω',
  parameters: () => new URLSearchParams({ 'a&b': 'c=d', ü: 'Ω' }),
  blob: () => new Blob([BYTES], { type: 'application/x-latch' }),
  buffer: () => BYTES.buffer,
  view: () => BYTES.subarray(3, 700),
  form,
} as const

/** A kind of body, given in the init or in a `Request`. */
export type BodyKind = keyof typeof bodies | `request ${keyof typeof bodies}` | 'stream'

/** Posts a body of that kind to `/echo`. */
export function send(fetch: Fetch, kind: BodyKind): Promise<Response> {
  const method = 'POST'
  if (kind === 'stream') {
    return fetch('/echo', { method, body: stream(), duplex: 'half' } as RequestInit)
  }
  const [, wrapped, name] = /^(request )?(\w+)$/.exec(kind) ?? []
  const body = bodies[name as keyof typeof bodies]()
  return wrapped === undefined
    ? fetch('/echo', { method, body })
    : fetch(new Request('/echo', { method, body }))
}
