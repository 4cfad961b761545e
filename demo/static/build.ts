/*
 * `npm run demo:static`: the lab as plain files for any static host, with its backend mocked inside the page. They are put
 * into `demo/dist`, or where `-- --out <folder>` says.
 */
import { copyFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { viteConfig } from '../vite.js'

const { values } = parseArgs({
  options: { out: { type: 'string', default: fileURLToPath(new URL('../dist', import.meta.url)) } },
})
const outDir = resolve(values.out)

/** What a header says where there is a server. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
].join('; ')

await build({
  ...viteConfig,
  mode: 'static',
  // Relative, so that it can be put into any folder of a host.
  base: './',
  build: { ...viteConfig.build, outDir, emptyOutDir: true },
  plugins: [
    viteConfig.plugins,
    {
      name: 'policy',
      transformIndexHtml: () => [
        {
          tag: 'meta',
          attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
          injectTo: 'head-prepend',
        },
      ],
    },
  ],
})
const worker = fileURLToPath(import.meta.resolve('msw/mockServiceWorker.js'))
await copyFile(worker, join(outDir, 'mockServiceWorker.js'))
console.log(
  `The lab is in ${outDir}. Its server is a mock inside the page: serve it over https, or on localhost.`,
)
