/*
 * An app that somebody else would write: empty but for Vite, TypeScript and React, with the packed tarball. It must install,
 * type-check under the strictest options and in Node's resolution, and build.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { builtFolder } from './builds.ts'
import { ROOT } from './files.ts'
import { type Fence, fencesOf } from './markdown.ts'
import { mustRun } from './steps.ts'

/** Packs the build into the folder; gives the path of the tarball. */
export async function pack(folder: string): Promise<string> {
  const { stdout } = await mustRun('npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    folder,
  ])
  const [packed] = JSON.parse(stdout) as { filename: string }[]
  if (packed === undefined) throw new Error('npm pack made no tarball')
  return join(folder, packed.filename)
}

const COMPILER_OPTIONS = {
  target: 'ES2022',
  lib: ['ES2022', 'DOM', 'DOM.Iterable'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  jsx: 'react-jsx',
  skipLibCheck: false,
  noEmit: true,
  types: [],
}

const INDEX_HTML = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>An app</title></head>
  <body>
    <form>
      <input name="email" type="email" autocomplete="username">
      <input name="password" type="password" autocomplete="current-password">
      <button>Sign in</button>
    </form>
    <button id="sign-out">Sign out</button>
    <output></output>
    <div id="account"></div>
    <script type="module" src="/src/main.ts"></script>
  </body>
</html>
`

const AUTH_TS = `import { createAuthClient } from 'latchkey'

export interface User {
  readonly id: string
}

export const auth = createAuthClient<User>({
  parseUser: (value) => ({ id: String((value as { id?: unknown }).id) }),
})
`

const ACCOUNT_TSX = `import { createAuthContext } from 'latchkey/react'
import { createTestAuth } from 'latchkey/testing'
import { createRoot } from 'react-dom/client'
import { auth, type User } from './auth.js'

const { AuthProvider, SignedIn, SignedOut } = createAuthContext<typeof auth>()

createRoot(document.querySelector('#account')!).render(
  <AuthProvider client={auth}>
    <SignedIn>{({ id }) => <p>React knows {id}</p>}</SignedIn>
    <SignedOut>React knows nobody</SignedOut>
  </AuthProvider>,
)

export const story = (user: User) => <AuthProvider client={createTestAuth({ user })} />
`

const MAIN_TS = `import { type AuthState, isAuthError } from 'latchkey'
import { auth, type User } from './auth.js'
import './account.js'

const output = document.querySelector('output')
const show = (state: AuthState<User>): void => {
  if (output === null) return
  output.value = state.status === 'authenticated' ? \`authenticated as \${state.user.id}\` : state.status
}

document.querySelector('form')?.addEventListener('submit', (event) => {
  event.preventDefault()
  const fields = new FormData(event.currentTarget as HTMLFormElement)
  auth.login(Object.fromEntries(fields)).catch((error: unknown) => {
    if (output !== null) output.value = isAuthError(error) ? error.code : 'unexpected'
  })
})
document.querySelector('#sign-out')?.addEventListener('click', () => void auth.logout())

auth.subscribe(show)
await auth.ready()
show(auth.getState())
`

const API_TS = `import { createAuthClient } from 'latchkey'
import { createApi } from 'latchkey/ky'

export const api = createApi(createAuthClient(), { retry: 0 })
export const orders = (): Promise<unknown> => api.get('https://api.example.com/orders').json()
`

const ORDERS_TS = `import { createTokenVerifier } from 'latchkey/jwt'

const tokens = createTokenVerifier({
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  jwks: 'https://auth.example.com/.well-known/jwks.json',
})

export async function orders(request: Request): Promise<Response> {
  const caller = await tokens.authenticate(request, { scope: 'orders:read' })
  return caller.ok ? Response.json({ of: caller.claims.sub }) : caller.response
}
`

/** The version of a package that is installed here. */
export async function version(name: string): Promise<string> {
  const text = await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** Writes files by their paths in the folder; what is no text is written as JSON. */
export async function writeFiles(folder: string, files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2)
    await writeFile(join(folder, path), text)
  }
}

/** What a new user copies from the guide: a server with a page of it. */
export interface Copied {
  readonly server: Fence
  readonly page: Fence
  readonly html: Fence
}

export function copied(): Copied {
  const file = 'docs/server.md'
  const fences = fencesOf(file, readFileSync(join(ROOT, file), 'utf8'))
  const fenceWith = (text: string): Fence => {
    const found = fences.find(({ code }) => code.includes(text))
    if (found === undefined) throw new Error(`${file} has no code with ${text}`)
    return found
  }
  return {
    server: fenceWith("from 'express'"),
    page: fenceWith("from 'react-dom/client'"),
    html: fenceWith('<!doctype html>'),
  }
}

/** Built apps are kept here, by what they are made of. */
const KEPT = builtFolder('app')

/**
 * Writes the app into an empty folder, installs the tarball in it, type-checks it and builds it for the origin that
 * will serve it. Gives the folder of the built app; with `reuse` that of before, if it was of the same tarball. In its folder `copied`
 * is what the guide says, ready to run: `node server.ts`, with its page built into `dist`.
 */
export async function buildConsumerApp(folder: string, { reuse = false } = {}): Promise<string> {
  const tarball = await pack(folder)
  const made = createHash('sha256').update(JSON.stringify(await filesOf('')))
  const kept = join(KEPT, made.update(await readFile(tarball)).digest('hex'))
  if (reuse && existsSync(kept)) return kept
  await writeFiles(folder, await filesOf(tarball))
  const options = { cwd: folder }
  await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], options)
  for (const project of ['tsconfig.json', 'node16.json', 'nodenext.json']) {
    await mustRun(join(folder, 'node_modules/.bin/tsc'), ['-p', project], options)
  }
  await mustRun(join(folder, 'node_modules/.bin/vite'), ['build', '--logLevel', 'error'], options)
  const own = join(folder, 'copied')
  await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: own })
  await mustRun(
    join(folder, 'node_modules/.bin/vite'),
    ['build', 'page', '--outDir', join(own, 'dist'), '--logLevel', 'error'],
    options,
  )
  await rm(KEPT, { recursive: true, force: true })
  await cp(join(folder, 'dist'), kept, { recursive: true })
  await cp(own, join(kept, 'copied'), { recursive: true })
  return kept
}

/** The first Node of PATH that no package has brought. */
const systemNode = (): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path))

/** Has Node 20 import every entry in the folder of a built app; says which did, or why none. */
export async function importOnNode20(folder: string, entries: readonly string[]): Promise<string> {
  const node = systemNode()
  const version = node === undefined ? 'none' : (await mustRun(node, ['--version'])).stdout.trim()
  if (node === undefined || !version.startsWith('v20.')) {
    return `Imports by Node 20: not run. The system's Node is ${version}`
  }
  const lines = [
    ...entries.map((name) => `await import('${name}')`),
    "const { redisStore } = await import('latchkey/server')",
    "const { createClient } = await import('redis')",
    'redisStore(createClient())',
  ]
  const flags = ['--input-type=module', '--eval', lines.join('\n')]
  await mustRun(node, flags, { cwd: folder })
  return `${entries.length} entries imported by Node ${version}`
}

async function filesOf(tarball: string): Promise<Record<string, unknown>> {
  const { server, page, html } = copied()
  const { overrides } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    overrides: object
  }
  return {
    'package.json': {
      private: true,
      type: 'module',
      dependencies: {
        latchkey: `file:${tarball}`,
        'openid-client': await version('openid-client'),
        // Of another major than the newest: none is among our peers.
        redis: await version('redis-4'),
        react: await version('react'),
        'react-dom': await version('react-dom'),
      },
      devDependencies: {
        '@types/react': await version('@types/react'),
        '@types/react-dom': await version('@types/react-dom'),
        typescript: await version('typescript'),
        vite: await version('vite'),
      },
      overrides,
    },
    'tsconfig.json': {
      compilerOptions: { ...COMPILER_OPTIONS, module: 'ESNext', moduleResolution: 'bundler' },
      include: ['src', 'page/src'],
    },
    'node16.json': {
      extends: './tsconfig.json',
      compilerOptions: { module: 'Node16', moduleResolution: 'Node16' },
    },
    'nodenext.json': {
      extends: './tsconfig.json',
      compilerOptions: { module: 'NodeNext', moduleResolution: 'NodeNext' },
    },
    'index.html': INDEX_HTML,
    'src/account.tsx': ACCOUNT_TSX,
    'src/auth.ts': AUTH_TS,
    'src/main.ts': MAIN_TS,
    'src/api.ts': API_TS,
    'src/orders.ts': ORDERS_TS,
    'page/index.html': html.code,
    'page/src/main.tsx': page.code,
    'copied/package.json': {
      private: true,
      type: 'module',
      dependencies: { latchkey: `file:${tarball}`, express: await version('express') },
    },
    'copied/server.ts': server.code,
  }
}
