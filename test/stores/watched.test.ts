import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { ROOT } from '../tools/files.ts'

const STARTS = `
import { start, temporaryFolder, unprivileged } from './test/tools/watched.ts'
const identity = unprivileged()
const folder = temporaryFolder(identity)
const server = 'require("node:net").createServer((socket) => socket.end("hello")).listen(+process.argv[1], "127.0.0.1")'
await start({
  identity, folder, path: process.execPath, args: (port) => ['-e', server, String(port)], hello: Buffer.from('?'), answer: /hello/,
})
console.log(folder)
`

it('a server that a test started ends, and leaves nothing, when the test is killed', async () => {
  const runner = spawn(process.execPath, ['--input-type=module', '-e', STARTS], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(runner.stdout, 'data')) as [Buffer]
  const folder = String(said).trim()
  expect(existsSync(join(folder, 'log'))).toBe(true)
  runner.kill('SIGKILL')
  await vi.waitUntil(() => !existsSync(folder), { timeout: 10_000 })
})
