import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateKey, keySet, sqliteStore } from 'latchkey/server'
import type { BackendClock, Signer, User, Users } from 'latchkey/testing'
import type { Kept } from '../backend/backend.js'
import type { DemoMode } from '../shared/demo-api.js'

type Jwk = Awaited<ReturnType<typeof generateKey>>

interface Secrets {
  readonly secrets: readonly string[]
  /** The one that signs first. */
  readonly keys: readonly Jwk[]
}

/** A key that signed until the last one does so no more, and its tokens live for a minute or so. */
const KEYS_KEPT = 3

/** What outlives a demo server. */
export interface Data {
  readonly kept: Kept
  close(): void
}

/**
 * Opens a folder with a database of accounts and sessions, and beside it what cookies and tokens are made with, in a file that nobody
 * else may read. Undefined on a Node that has no SQLite.
 */
export async function openData(folder: string, clock: BackendClock): Promise<Data | undefined> {
  const sqlite = await import('node:sqlite').catch(() => undefined)
  if (sqlite === undefined) return undefined
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'demo.db')
  const [ofStore, ofPeople] = [new sqlite.DatabaseSync(file), new sqlite.DatabaseSync(file)]
  const store = sqliteStore(ofStore, { clock })
  await store.migrate()
  ofPeople.exec('CREATE TABLE IF NOT EXISTS demo (name TEXT PRIMARY KEY, value TEXT NOT NULL)')

  const read = (like: string): string[] =>
    ofPeople
      .prepare('SELECT value FROM demo WHERE name LIKE ? ORDER BY name')
      .all(like)
      .map(({ value }) => String(value))
  const write = (name: string, value: string): void =>
    void ofPeople.prepare('INSERT OR REPLACE INTO demo VALUES (?, ?)').run(name, value)
  const all = (): User[] => read('user:%').map((text) => JSON.parse(text) as User)
  const users: Users = {
    find: (id) => all().find((user) => user.id === id),
    byEmail: (email) => all().find((user) => user.email === email),
    all,
    save: (user) => write(`user:${user.id}`, JSON.stringify(user)),
  }

  const secretFile = join(folder, 'secrets.json')
  const { secrets, keys } = await secretsIn(secretFile)
  return {
    kept: {
      store,
      users,
      secrets,
      signer: signerOf(keys, (now) => writeSecrets(secretFile, { secrets, keys: now })),
      mode: read('mode')[0] as DemoMode | undefined,
      keepMode: (mode) => write('mode', mode),
    },
    close() {
      ofStore.close()
      ofPeople.close()
    },
  }
}

async function secretsIn(file: string): Promise<Secrets> {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
  const made = { secrets: [secret], keys: [await generateKey()] }
  writeSecrets(file, made)
  return made
}

/** Whole or not at all: a demo that is stopped meanwhile finds what was there. */
function writeSecrets(file: string, secrets: Secrets): void {
  writeFileSync(`${file}.new`, JSON.stringify(secrets), { mode: 0o600 })
  chmodSync(`${file}.new`, 0o600)
  renameSync(`${file}.new`, file)
}

/** A key set that a switch can put a new key in front of. */
function signerOf(first: readonly Jwk[], save: (keys: readonly Jwk[]) => void): Signer {
  const signerWith = ([sign, ...publish]: readonly Jwk[]): Signer => keySet({ sign: sign!, publish })
  let keys = first
  let signer = signerWith(keys)
  return {
    sign: (claims) => signer.sign(claims),
    verify: (token, now) => signer.verify(token, now),
    keys: (now) => signer.keys(now),
    async rotate() {
      keys = [await generateKey(), ...keys].slice(0, KEYS_KEPT)
      save(keys)
      signer = signerWith(keys)
    },
  }
}
