/*
 * Real databases for the tests, with durability on: the one that an address in the environment names, else one of the system's, else
 * (as root on Debian) the package's.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { attempt, isRootOnDebian } from './browsers.ts'
import { type Running, start, temporaryFolder, unprivileged } from './watched.ts'

export type DatabaseName = 'postgres' | 'pgbouncer' | 'redis'

interface Source {
  /** Environment variable that names the address of one that runs already, where that will do. */
  readonly variable?: string
  readonly title: string
  readonly debianPackage: string
  /** The Debian service that the package starts by itself, if any. */
  readonly service?: string
  /** The program, if the system has it. */
  find(): string | undefined
}

function onPath(...names: string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}

/** Debian and Homebrew keep each version of PostgreSQL in a folder of its own, which is in nobody's PATH. */
function postgresFolders(): string[] {
  return ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => /^(postgresql@)?\d+$/.test(name))
        .sort((a, b) => Number(b.replace(/\D/g, '')) - Number(a.replace(/\D/g, '')))
        .map((name) => join(folder, name, 'bin')),
    )
}

const SOURCES: Record<DatabaseName, Source> = {
  postgres: {
    variable: 'LATCHKEY_POSTGRES',
    title: 'PostgreSQL',
    debianPackage: 'postgresql',
    service: 'postgresql',
    find: () => {
      const beside = postgresFolders().map((folder) => join(folder, 'postgres'))
      return [...beside, onPath('postgres') ?? ''].find(
        (path) => existsSync(path) && existsSync(join(path, '../initdb')),
      )
    },
  },
  pgbouncer: {
    title: 'PgBouncer',
    debianPackage: 'pgbouncer',
    service: 'pgbouncer',
    find: () => ['/usr/sbin/pgbouncer', onPath('pgbouncer') ?? ''].find((path) => existsSync(path)),
  },
  redis: {
    variable: 'LATCHKEY_REDIS',
    title: 'Redis',
    // Debian's server is a link to a program of this package, which starts no service.
    debianPackage: 'redis-tools',
    find: () => onPath('redis-server', 'valkey-server', 'redis-check-rdb'),
  },
}

/** What finding one needs of a machine. */
export interface DatabaseMachine {
  readonly isCI: boolean
  find(): string | undefined
  canFetch(): boolean
  /** Fetches it, and gives what went wrong. */
  fetch(): string | undefined
}

/** Undefined where there is none and none can be fetched. */
export function findDatabase(title: string, { isCI, find, canFetch, fetch }: DatabaseMachine) {
  const here = find()
  if (here !== undefined || !canFetch()) return here
  console.error(`No ${title} found; fetching it.`)
  const failure = fetch()
  const fetched = find()
  // Where it can be fetched, a run that is to show that all holds must not leave it out.
  if (fetched === undefined && isCI) throw new Error(`Found no ${title}. Tried: ${failure}`)
  return fetched
}

let isReached: boolean | undefined

/** Whether packages can be had here at all: a machine without a network is none that a database is missing on. */
function canFetchPackages(): boolean {
  const options = [
    '-o',
    'APT::Update::Error-Mode=any',
    '-o',
    'Acquire::Retries=0',
    '-o',
    'Acquire::http::Timeout=20',
  ]
  isReached ??= isRootOnDebian() && attempt('apt-get', ['update', '-qq', ...options], 120) === undefined
  return isReached
}

function fetchPackage({ debianPackage, service }: Source): string | undefined {
  const wasRunning = service !== undefined && spawnSync('service', [service, 'status']).status === 0
  const failure = attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], 240)
  if (service !== undefined && !wasRunning) spawnSync('service', [service, 'stop'])
  return failure
}

const addressOf = ({ variable }: Source): string | undefined =>
  (variable === undefined ? undefined : process.env[variable]) || undefined

/** Whether tests can use one, without fetching anything. */
export function hasDatabase(name: DatabaseName): boolean {
  return addressOf(SOURCES[name]) !== undefined || canStart(name)
}

/** Whether tests can have one of their own, to stop and start. */
export function canStart(name: DatabaseName): boolean {
  return SOURCES[name].find() !== undefined
}

/** Fetches it where it is missing, which may take minutes; gives what tests will use, or a word that they will not run. */
export function provideDatabase(name: DatabaseName): string {
  const source = SOURCES[name]
  if (addressOf(source) !== undefined) {
    const rest = canStart(name) ? '' : '. What stops and starts one: not run'
    return `${source.title} at the address in ${source.variable}${rest}`
  }
  const program = findDatabase(source.title, {
    isCI: process.env['CI'] === 'true',
    find: () => source.find(),
    canFetch: canFetchPackages,
    fetch: () => fetchPackage(source),
  })
  if (program !== undefined) return program
  const orNamed = source.variable === undefined ? '' : `, or name the address of one in ${source.variable}`
  return `${source.title}: not run. Install it${orNamed}`
}

export interface Database extends Running {
  readonly url: string
}

const settingsOf = (settings: Readonly<Record<string, string | number>>, form: (name: string) => string) =>
  Object.entries(settings).flatMap(([name, value]) => `${form(name)}${value}`.split('\n'))

/** What a client of PostgreSQL says first: how long it is, the version of the protocol, and who it is. */
function postgresHello(): Buffer {
  const body = Buffer.from('\0\x03\0\0user\0latchkey\0database\0postgres\0\0', 'latin1')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length + 4)
  return Buffer.concat([length, body])
}

const POSTGRES = { hello: postgresHello(), answer: /^R/ }
const postgresAt = (running: Running): Database => ({
  ...running,
  url: `postgres://latchkey@127.0.0.1:${running.port}/postgres`,
})

export async function startPostgres(): Promise<Database> {
  const path = SOURCES.postgres.find()!
  const identity = unprivileged()
  const folder = temporaryFolder(identity)
  const data = join(folder, 'data')
  const made = spawnSync(
    join(path, '../initdb'),
    ['-D', data, '-U', 'latchkey', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...identity, cwd: folder, encoding: 'utf8' },
  )
  if (made.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`initdb: ${made.error?.message ?? made.stderr}`)
  }
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', shared_buffers: '32MB' }
  const args = (port: number) => ['-D', data, ...settingsOf({ ...settings, port }, (name) => `-c\n${name}=`)]
  return postgresAt(await start({ identity, folder, path, args, ...POSTGRES }))
}

/** In transaction mode: after each statement the connection may be another one. */
export async function startPgBouncer(server: Database): Promise<Database> {
  const identity = unprivileged()
  const folder = temporaryFolder(identity)
  const config = join(folder, 'pgbouncer.ini')
  const args = (port: number) => {
    writeFileSync(
      config,
      `[databases]
postgres = host=127.0.0.1 port=${server.port} user=latchkey
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
`,
    )
    return [config]
  }
  return postgresAt(await start({ identity, folder, path: SOURCES.pgbouncer.find()!, args, ...POSTGRES }))
}

export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<Database> {
  const identity = unprivileged()
  const folder = temporaryFolder(identity)
  // The program goes by the name that it is called by.
  const path = join(folder, 'redis-server')
  symlinkSync(SOURCES.redis.find()!, path)
  const all = { bind: '127.0.0.1', dir: folder, appendonly: 'yes', appendfsync: 'always', ...settings }
  const running = await start({
    identity,
    folder,
    path,
    args: (port) => settingsOf({ ...all, port }, (name) => `--${name}\n`),
    hello: Buffer.from('PING\r\n'),
    answer: /^\+PONG/,
  })
  return { ...running, url: `redis://127.0.0.1:${running.port}` }
}
