/* Three processes on one store behind a proxy, as one deploys them: started, replaced one by one, killed. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import { generateKey } from '../../../src/server/index.ts'
import { builtFolder } from '../../tools/builds.ts'
import { ROOT } from '../../tools/files.ts'
import type { Act, Deployment, Place, Seen } from './deployment.ts'
import { type Proxy, startProxy } from './proxy.ts'

export interface Machine {
  readonly pid: number
  readonly port: number
  ask<T>(act: Act, userId?: string): Promise<T>
  /** At once, as a crash would. */
  kill(): Promise<void>
}

export interface Cluster {
  readonly proxy: Proxy
  machines: readonly Machine[]
  /** What they run with; the first deployment. */
  readonly deployment: Deployment
  /** Starts one more process that is not in service yet. */
  start(deployment?: Deployment): Promise<Machine>
  /** Puts these into service, and no others. */
  serve(machines: readonly Machine[]): void
  /** Replaces them one by one, and looks around after each. */
  roll(deployment: Deployment, look: () => Promise<void>): Promise<void>
  /** What all that are running have seen, together and each. */
  seen(): Promise<readonly Seen[]>
  close(): Promise<void>
}

const PROGRAM = join(builtFolder('machines'), 'process.js')

/** One file of it, which starts in a third of the time. */
async function buildProgram(): Promise<void> {
  await build({
    entryPoints: [join(ROOT, 'test/stores/machines/process.ts')],
    outfile: PROGRAM,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['pg', 'ioredis'],
    alias: { 'latchkey/server': join(ROOT, 'src/server/index.ts') },
  })
}

async function begin(deployment: Deployment): Promise<Machine> {
  const child: ChildProcess = fork(PROGRAM, [JSON.stringify(deployment)], { execArgv: [] })
  const waiting = new Map<number, (value: never) => void>()
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (said: { port?: number; id: number; value: never }) => {
      if (said.port !== undefined) return resolve(said.port)
      waiting.get(said.id)?.(said.value)
      waiting.delete(said.id)
    })
    child.once('exit', (code) => reject(new Error(`A machine ended with ${code} before it listened`)))
  })
  let asked = 0
  return {
    pid: child.pid!,
    port,
    ask: <T>(act: Act, userId = '') =>
      new Promise<T>((resolve, reject) => {
        const id = asked++
        waiting.set(id, resolve)
        child.send({ id, act, userId }, (error) => error && reject(error))
      }),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

export async function startCluster(place: Place): Promise<Cluster> {
  await buildProgram()
  const proxy = await startProxy()
  const secrets = ['the first secret of all three machines']
  const deployment: Deployment = { origin: proxy.origin, place, secrets, keys: { sign: await generateKey() } }
  const running = new Set<Machine>()

  const start = async (of = deployment): Promise<Machine> => {
    const machine = await begin(of)
    running.add(machine)
    return machine
  }
  const end = async (machine: Machine): Promise<void> => {
    running.delete(machine)
    await machine.kill()
  }
  const serve = (machines: readonly Machine[]): void => {
    cluster.machines = machines
    proxy.ports = machines.map(({ port }) => port)
  }
  const three = (of?: Deployment): Promise<Machine[]> => Promise.all([start(of), start(of), start(of)])

  const cluster: Cluster = {
    proxy,
    machines: [],
    deployment,
    start,
    serve,
    async roll(next, look) {
      const fresh = await three(next)
      for (const [index, machine] of fresh.entries()) {
        const old = cluster.machines[index]!
        serve(cluster.machines.with(index, machine))
        await look()
        await end(old)
      }
    },
    seen: () => Promise.all(cluster.machines.map((machine) => machine.ask<Seen>('seen'))),
    async close() {
      await Promise.all([...running].map(end))
      await proxy.close()
    },
  }
  serve(await three())
  return cluster
}
