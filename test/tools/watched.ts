/*
 * A server for tests, as a user without privileges, in a folder and on a port of its own. A shell watches over it and ends it when
 * whoever started it is gone, however that came.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Identity {
  readonly uid?: number
  readonly gid?: number
}

/** PostgreSQL refuses to be run by root, and nobody else has to be. */
export function unprivileged(): Identity {
  if (process.getuid?.() !== 0) return {}
  for (const user of ['postgres', 'nobody']) {
    const id = (flag: string) => Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout)
    const [uid, gid] = [id('-u'), id('-g')]
    if (uid > 0 && gid > 0) return { uid, gid }
  }
  throw new Error('Found no user without privileges to run a database as')
}

export function temporaryFolder({ uid, gid }: Identity): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-database-'))
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  return folder
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** How to run it, and how to see that it takes connections. */
export interface Program {
  readonly identity: Identity
  readonly folder: string
  readonly path: string
  args(port: number): readonly string[]
  /** What is said to it first, and how its answer begins. */
  readonly hello: Buffer
  readonly answer: RegExp
}

/**
 * Says the number of the process; ends it when its own input ends, and then removes the folder unless that is to be kept.
 */
const WATCH = `folder="$1"; shift
"$@" </dev/null >>"$folder/log" 2>&1 &
pid=$!
echo $pid
read -r wish
kill -INT $pid 2>/dev/null
wait $pid
[ "$wish" = keep ] || rm -rf "$folder"`

interface Watched {
  readonly pid: number
  readonly watcher: ChildProcess
}

async function watch({ folder, path, args, identity }: Program, port: number): Promise<Watched> {
  const watcher = spawn('/bin/sh', ['-c', WATCH, 'watch', folder, path, ...args(port)], {
    ...identity,
    cwd: folder,
    // A signal that the terminal sends to all is not for it.
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const pid = await new Promise<number>((resolve, reject) => {
    watcher.once('error', reject)
    watcher.stdout.once('data', (text) => resolve(Number(String(text))))
  })
  return { pid, watcher }
}

async function unwatch({ watcher }: Watched, wish: 'keep' | 'remove'): Promise<void> {
  if (watcher.exitCode !== null) return
  const ended = new Promise((resolve) => watcher.once('exit', resolve))
  watcher.stdin!.end(`${wish}\n`)
  await ended
}

const said = (port: number, hello: Buffer): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(hello))
    socket.once('data', (data) => {
      resolve(data.toString('latin1'))
      socket.destroy()
    })
    socket.once('error', () => resolve(''))
    socket.once('close', () => resolve(''))
  })

async function begin(program: Program, port: number): Promise<Watched> {
  const watched = await watch(program, port)
  const until = performance.now() + 10_000
  while (performance.now() < until) {
    if (program.answer.test(await said(port, program.hello))) return watched
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const log = readFileSync(join(program.folder, 'log'), 'utf8')
  await unwatch(watched, 'keep')
  throw new Error(`${program.path} takes no connections on port ${port}:\n${log}`)
}

export interface Running {
  readonly port: number
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** Starts it again on what it has written. */
  start(): Promise<void>
  /** Ends it and removes all of it. */
  stop(): Promise<void>
}

export async function start(program: Program): Promise<Running> {
  const port = await freePort()
  let watched = await begin(program, port)
  return {
    port,
    async kill() {
      process.kill(watched.pid, 'SIGKILL')
      await unwatch(watched, 'keep')
    },
    async start() {
      watched = await begin(program, port)
    },
    stop: () => unwatch(watched, 'remove'),
  }
}
