/* Both builds: the same in what they export, throw and guard, and apart in what they say. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Metafile } from 'esbuild'
import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import type * as Latchkey from '../../src/index.js'
import type * as Testing from '../../src/testing/index.js'
import { HELP } from '../../src/help.js'
import * as longReactWords from '../../src/react/words.js'
import * as shortReactWords from '../../src/react/words.production.js'
import * as longWords from '../../src/words.js'
import * as shortWords from '../../src/words.production.js'
import { builtFolder, buildSources } from '../tools/builds.ts'
import { linkFaults } from '../tools/fences.ts'
import { ROOT } from '../tools/files.ts'

const KINDS = ['development', 'production'] as const
type Kind = (typeof KINDS)[number]
type Client = Latchkey.AuthClient
type Options = Latchkey.AuthClientOptions

const CODES = Object.keys(longWords.SENTENCES) as Latchkey.AuthErrorCode[]
const ENTRIES = [
  'index',
  'jwt/index',
  'ky',
  'oidc/index',
  'presets',
  'react/index',
  'server/index',
  'testing/index',
]

const folder = (kind: Kind): string => builtFolder(`looked-into/${kind}`)
const load = async <Module extends object>(kind: Kind, entry: string): Promise<Module> =>
  (await import(/* @vite-ignore */ pathToFileURL(join(folder(kind), `${entry}.js`)).href)) as Module

const built = new Map<Kind, Metafile>()
beforeAll(async () => {
  for (const kind of KINDS) built.set(kind, await buildSources(kind, folder(kind)))
})

/** All of the client; the testing kit and what servers use have sentences of their own. */
const textOf = async (kind: Kind): Promise<string> => {
  const paths = Object.entries(built.get(kind)!.outputs)
    .filter(
      ([, { inputs }]) => !Object.keys(inputs).some((path) => /^src\/(jwt|oidc|server|testing)\//.test(path)),
    )
    .map(([path]) => path)
    .filter((path) => path.endsWith('.js'))
  return (await Promise.all(paths.map((path) => readFile(join(ROOT, path), 'utf8')))).join('\n')
}

it.each(ENTRIES)('R87 both builds of %s export the same', async (entry) => {
  const [development, production] = await Promise.all(
    KINDS.map(async (kind) => Object.keys(await load(kind, entry)).sort()),
  )
  expect(production).toEqual(development)
  expect(production).not.toEqual([])
})

it('R87 no module of the sentences is in the production build, and none of what stands for them in the other', () => {
  const words = (kind: Kind) =>
    Object.keys(built.get(kind)!.inputs).filter((path) => /\b(words|help)\./.test(path))
  expect(words('development').sort()).toEqual(['src/react/words.ts', 'src/words.ts'])
  expect(words('production').sort()).toEqual([
    'src/help.ts',
    'src/react/words.production.ts',
    'src/words.production.ts',
  ])
  for (const [long, short] of [
    [longWords, shortWords],
    [longReactWords, shortReactWords],
  ]) {
    expect(Object.keys(short!).sort()).toEqual(Object.keys(long!).sort())
  }
})

/** What is written in a module, in the pieces that a build keeps together. */
async function sentencesIn(path: string): Promise<string[]> {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      found.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, await readFile(join(ROOT, path), 'utf8'), ts.ScriptTarget.ES2022))
  return found.map((text) => text.trim()).filter((text) => /\S \S/.test(text))
}

it('R92 no sentence of the development build is in the production build', async () => {
  const sentences = [...(await sentencesIn('src/words.ts')), ...(await sentencesIn('src/react/words.ts'))]
  expect(sentences.length).toBeGreaterThan(60)
  const plain = (text: string) => text.replaceAll('\\"', '"').replaceAll('\\`', '`')
  const [development, production] = [plain(await textOf('development')), plain(await textOf('production'))]
  expect(sentences.filter((text) => !development.includes(text))).toEqual([])
  expect(sentences.filter((text) => production.includes(text))).toEqual([])
})

describe('what the production build says', () => {
  const page = readFile(join(ROOT, 'docs/errors.md'), 'utf8')
  const faultsOf = async (links: readonly string[]) =>
    linkFaults(
      new Map([
        ['x.md', links.map((link) => `[x](${link.replace(/^node_modules\/latchkey\//, '')})`).join('\n')],
        ['docs/errors.md', await page],
      ]),
      (path) => path !== 'x.md',
    )

  it.each(CODES)('R92 of %s: code, method, path, status, and a link to its heading', async (code) => {
    const { AuthError } = await load<typeof Latchkey>('production', 'index')
    const said = 'POST /auth/login answered 401 application/json'
    expect(new AuthError(code, { action: 'log in', said, status: 401 }).message).toBe(
      `${code}: ${said}. ${HELP}${code}`,
    )
    expect(new AuthError(code, { status: 409 }).message).toBe(`${code}: 409. ${HELP}${code}`)
    expect(new AuthError(code).message).toBe(`${code}. ${HELP}${code}`)
    expect(await faultsOf([HELP + code])).toEqual([])
  })

  it('R92 leads to a heading in every case, and to each', async () => {
    const texts = ['src/words.production.ts', 'src/react/words.production.ts']
    const sources = (await Promise.all(texts.map((path) => readFile(join(ROOT, path), 'utf8')))).join()
    const others = Array.from(sources.matchAll(/\$\{HELP\}([\w-]+)/g), ([, heading = '']) => heading)
    expect(await faultsOf(others.map((heading) => HELP + heading))).toEqual([])
    expect(await faultsOf([`${HELP}nothing-of-the-kind`])).toHaveLength(1)
    const headings = Array.from((await page).matchAll(/^## (.+)$/gm), ([, heading = '']) => heading)
    expect(headings.sort()).toEqual([...new Set([...CODES, ...others])].sort())
  })
})

const WRONG: readonly unknown[] = [
  5,
  { baseURL: 'https://api.example.com' },
  { baseUrl: 'api.example.com' },
  { baseUrl: 'http://api.example.com' },
  { baseUrl: 'https://*.example.com' },
  { baseUrl: 'https://api.example.com//v1' },
  { allowedOrigins: ['https://api.example.com/'] },
  { endpoints: { login: 'auth/login' } },
  { endpoints: { logn: '/auth/login' } },
  { mode: 'session', endpoints: { session: false } },
  { timeouts: { request: 0 } },
  { session: { csrf: { refusals: [{ status: 200 }] } } },
  { session: { idHeader: '' } },
  { refusals: [{ status: 401, reason: 'because' }] },
  { staticHeader: ['X'] },
  { hint: {} },
  { tabs: { shareToken: 1 } },
  { refreshMargin: -1 },
  { defaultLifetime: 0 },
  { parseUser: 'user' },
]

it.each(WRONG)('R106 both builds refuse the options %j, and name the same one', async (options) => {
  const named = await Promise.all(
    KINDS.map(async (kind) => {
      const { createAuthClient } = await load<typeof Latchkey>(kind, 'index')
      try {
        createAuthClient(options as Options)
      } catch (error) {
        const { constructor, message } = error as TypeError
        return [constructor, /"([^"]+)"/.exec(message)?.[1], message.includes(`${HELP}option`)]
      }
      return undefined
    }),
  )
  const [type, option, links] = named[0] ?? []
  expect([type, links]).toEqual([TypeError, false])
  expect(named[1]).toEqual([TypeError, option, true])
})

const CREDENTIALS = { email: 'ann@example.com', password: 'secret' }

/** What a call comes to; nobody has to read the message for it. */
const outcome = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (value) => ['done', typeof value],
    (error: Latchkey.AuthError) => [error.name, error.code, error.status, error.retryable, error.reason],
  )

const CALLS: Record<string, (auth: Client) => Promise<unknown>> = {
  login: (auth) => auth.login(CREDENTIALS),
  'login with a form': (auth) => auth.login(new FormData()),
  loginWithRedirect: (auth) => auth.loginWithRedirect({ returnTo: '//evil.example' }),
  logout: (auth) => auth.logout(),
  fetch: (auth) => auth.fetch('/api/profile'),
  getAccessToken: (auth) => auth.getAccessToken(),
  'getAccessToken for a negative time': (auth) => auth.getAccessToken({ minValidity: -1 }),
  refresh: (auth) => auth.refresh({ force: true }),
  on: async (auth) => auth.on('nothing' as 'sessionEnd', () => {}),
}

const FAULTS: Record<string, Testing.Fault> = {
  nothing: { kind: 'latency', milliseconds: 1 },
  'no network': { kind: 'unreachable' },
  'a page': { kind: 'html' },
  'a redirect': { kind: 'redirect', location: '/sign-in' },
  'no body': { kind: 'empty-body' },
  'half a body': { kind: 'truncated-body' },
  'a lost race': { kind: 'raced' },
  'no cookie': { kind: 'cookie-dropped' },
  403: { kind: 'status', status: 403 },
  429: { kind: 'status', status: 429 },
  503: { kind: 'status', status: 503 },
}

/** Every call under a fault, by somebody who is signed in. */
async function story(kind: Kind, fault: Testing.Fault): Promise<unknown[]> {
  const { createTabWorld } = await load<typeof Testing>(kind, 'testing/index')
  const told: unknown[] = []
  for (const [name, call] of Object.entries(CALLS)) {
    const world = createTabWorld({ seed: 3 })
    await world.backend.admin.addUser(CREDENTIALS)
    const { app } = await world.openTab()
    await world.settled(app!.login(CREDENTIALS))
    world.backend.faults.add(fault)
    told.push([name, await world.settled(outcome(call(app!)))], app!.getState())
    app!.dispose()
    told.push([name, await world.settled(outcome(call(app!)))])
  }
  return JSON.parse(JSON.stringify(told)) as unknown[]
}

it.each(Object.keys(FAULTS))('R92 both builds answer %s with the same codes', async (name) => {
  const [development, production] = await Promise.all(KINDS.map((kind) => story(kind, FAULTS[name]!)))
  expect(production).toEqual(development)
})

it('R92 both builds send nothing where there is no page, and say so by the same code', async () => {
  const { createAuthClient } = await load<typeof Latchkey>('production', 'index')
  const codes = await Promise.all(Object.values(CALLS).map(async (call) => outcome(call(createAuthClient()))))
  const development = await load<typeof Latchkey>('development', 'index')
  for (const [at, call] of Object.values(CALLS).entries())
    expect(codes[at]).toEqual(await outcome(call(development.createAuthClient())))
  expect(codes.flat()).toContain('no_page')
})
