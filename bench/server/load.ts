/* So many callers at once, each of whom asks again as soon as he is answered. */
import { Agent, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly cookies: readonly string[]
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

export function ask(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers }, (response) => {
      const cookies = (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]!)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, cookies })).resume()
    })
    sent.on('error', reject).end(body)
  })
}

/** How often `once` was done in a second, by so many at a time. The first tenth of the time is for warming up. */
export async function rate(
  once: (at: number) => Promise<unknown>,
  callers: number,
  ms: number,
): Promise<number> {
  const from = performance.now() + ms / 10
  const until = from + ms
  let count = 0
  await Promise.all(
    Array.from({ length: callers }, async (_, at) => {
      while (performance.now() < until) {
        await once(at)
        if (performance.now() > from) count++
      }
    }),
  )
  return (count * 1000) / (performance.now() - from)
}
