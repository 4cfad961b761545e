/* A reverse proxy that sends each request to the next machine, whoever asks. */
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as ask,
} from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Proxy {
  readonly origin: string
  /** The ports of the machines that are in service. */
  ports: readonly number[]
  /** Where what is for no machine goes: the port of who hands out pages. */
  pages: number | undefined
  /** Sends a request to the next machine where the connection to the first one was cut. Else that is a 502. */
  asksTwice: boolean
  /** Is told of each request that is on its way. */
  onSent: (port: number) => void
  close(): Promise<void>
}

const LOST = Buffer.from('{"error":"bad_gateway"}')

export async function startProxy(): Promise<Proxy> {
  const agent = new Agent({ keepAlive: true })
  let turn = 0

  const server = createServer((incoming, outgoing) => {
    void bodyOf(incoming).then((body) => send(body, 0))

    const isForMachines = /^\/(?:[\w-]+\/(?:auth|api)|\.well-known)\b/.test(incoming.url ?? '')
    const next = (): number => proxy.ports[turn++ % proxy.ports.length]!

    function send(body: Buffer, tried: number): void {
      const port = isForMachines ? next() : (proxy.pages ?? next())
      const headers: IncomingHttpHeaders = {
        ...incoming.headers,
        'x-forwarded-for': incoming.socket.remoteAddress,
      }
      // The accident happens once.
      if (tried > 0) delete headers['x-lose-answer']
      const { method, url: path } = incoming
      const sent = ask({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(outgoing)
      })
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // Nobody was there to begin with it.
        const isUntouched = error.code === 'ECONNREFUSED'
        if (tried < proxy.ports.length && (isUntouched || proxy.asksTwice)) send(body, tried + 1)
        else outgoing.writeHead(502, { 'content-type': 'application/json' }).end(LOST)
      })
      sent.end(body)
      proxy.onSent(port)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const proxy: Proxy = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ports: [],
    pages: undefined,
    asksTwice: false,
    onSent: () => undefined,
    async close() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
