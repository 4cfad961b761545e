/* Django in a process of its own, behind the origin of the pages. One serves all tests of a worker, one after the other. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request as ask } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pythonWithDjango } from '../../test/tools/django.ts'
import { ADA, BOB } from '../server.ts'
import { atWorkerEnd } from './fixtures.ts'
import type { Life } from './host.ts'

export type DjangoMode = 'session' | 'token'

const PEOPLE = [
  { id: 'ada', name: 'Ada', ...ADA },
  { id: 'bob', name: 'Bob', ...BOB },
]

async function spawnDjango(mode: DjangoMode): Promise<number> {
  const script = fileURLToPath(new URL('django_server.py', import.meta.url))
  const child: ChildProcess = spawn(pythonWithDjango()!, ['-B', script, mode, JSON.stringify(PEOPLE)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  atWorkerEnd(async () => {
    child.stdin?.end()
    await ended
  })
  const port = await Promise.race([
    once(createInterface(child.stdout!), 'line'),
    ended.then(() => Promise.reject(new Error('Django ended before it had a port'))),
  ])
  return Number(port[0])
}

const ports = new Map<DjangoMode, Promise<number>>()

export async function djangoLife(mode: DjangoMode): Promise<Life> {
  const starting = ports.get(mode) ?? spawnDjango(mode)
  ports.set(mode, starting)
  const port = await starting
  const decide = async (what: 'begin' | 'expire'): Promise<void> => {
    const headers = { host: 'localhost' }
    const asked = ask({ port, host: '127.0.0.1', method: 'POST', path: `/control/${what}`, headers }).end()
    const [answer] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }]
    answer.resume()
    if (answer.statusCode !== 204) throw new Error(`Django answered ${answer.statusCode} to ${what}`)
  }
  await decide('begin')
  return {
    handle(request, response) {
      if (request.url?.startsWith('/control/')) return void response.writeHead(404).end()
      const { method, url, headers } = request
      const asked = ask({ port, host: '127.0.0.1', method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      asked.on('error', () => response.destroy())
      request.pipe(asked)
    },
    expireSessions: () => decide('expire'),
  }
}
