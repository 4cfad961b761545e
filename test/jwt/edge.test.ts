/* What the entry asks of where it runs: what browsers, Node, Workers and edge runtimes all have, and no more. */
import { readFile } from 'node:fs/promises'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import type * as Jwt from 'latchkey/jwt'
import { beforeAll, expect, it } from 'vitest'
import { PRODUCTION } from '../tools/production.ts'
import { ROOT } from '../tools/files.ts'
import { AUDIENCE, createClock, createKey, ISSUER, JWKS, sign } from './support.ts'

/** Of the minimum common API of web-interoperable runtimes, what a verifier may touch. */
const COMMON = {
  AbortController,
  AbortSignal,
  CryptoKey,
  Headers,
  Request,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  atob,
  btoa,
  clearTimeout,
  console,
  crypto,
  setTimeout,
  structuredClone,
}

let bundle: { text: string; inputs: string[]; imports: string[] }
beforeAll(async () => {
  const { outputFiles, metafile } = await build({
    ...PRODUCTION,
    absWorkingDir: ROOT,
    stdin: { contents: `export * from './src/jwt/index.ts'`, resolveDir: ROOT },
    bundle: true,
    format: 'iife',
    globalName: 'jwt',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'import'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  bundle = {
    text: outputFiles[0]!.text,
    inputs: Object.keys(metafile.inputs),
    imports: output!.imports.map(({ path }) => path),
  }
})

it('R132 S53 the bundle for an edge runtime imports nothing, and holds jose and this entry alone', () => {
  expect(bundle.imports).toEqual([])
  expect(bundle.text).not.toMatch(/\bnode:|\brequire\(|\bprocess\b|\bBuffer\b|\b__dirname\b/)
  const others = bundle.inputs.filter(
    (path) => !/^(?:src\/jwt\/|node_modules\/jose\/dist\/webapi\/|<stdin>)/.test(path),
  )
  expect(others).toEqual([])
})

it('R132 the client does not load it, and it loads nothing of the client', async () => {
  const client = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/index.ts'],
    bundle: true,
    packages: 'external',
    format: 'esm',
    outdir: 'nowhere',
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  expect(Object.keys(client.metafile.inputs).filter((path) => path.startsWith('src/jwt/'))).toEqual([])
})

it('R132 S53 tokens are verified where there is nothing but what all such runtimes have', async () => {
  const key = await createKey('one', 'RS256')
  const asked: string[] = []
  const surroundings = createContext({
    ...COMMON,
    fetch: (url: string) => {
      asked.push(url)
      return Promise.resolve(Response.json({ keys: [key.jwk] }))
    },
  })
  runInContext(bundle.text, surroundings)
  const { createTokenVerifier } = runInContext('jwt', surroundings) as typeof Jwt
  const options = { issuer: ISSUER, audience: AUDIENCE, jwks: JWKS, clock: createClock() }
  const tokens = createTokenVerifier(options)
  const request = (token: string) => new Request(AUDIENCE, { headers: { authorization: `Bearer ${token}` } })
  const good = await tokens.authenticate(request(await sign(key)), { scope: 'orders:read' })
  expect(good).toMatchObject({ ok: true, claims: { sub: 'ada' } })
  const bad = await tokens.authenticate(request(await sign(key, { iss: 'x' })))
  expect(bad).toMatchObject({ ok: false, error: { reason: 'issuer' } })
  expect(asked).toEqual([JWKS])
})

it('R132 nothing in its sources names a module of Node', async () => {
  const paths = bundle.inputs.filter((path) => path.startsWith('src/'))
  const texts = await Promise.all(paths.map((path) => readFile(`${ROOT}/${path}`, 'utf8')))
  expect(paths.length).toBeGreaterThan(5)
  expect(texts.join('\n')).not.toMatch(/from 'node:/)
})
