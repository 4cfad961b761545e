/*
 * A Next.js app that somebody else would write, with the packed tarball and the recipe of docs/react-recipes.md. Next weighs a
 * third of a gigabyte, so it is installed here and not among the tools of this repository.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pack, version, writeFiles } from './consumer.ts'
import { ROOT } from './files.ts'
import { fencesOf } from './markdown.ts'
import { mustRun } from './steps.ts'

const NEXT = '^16.0.0'

const LAYOUT_TSX = `import type { ReactNode } from 'react'

export default function Layout({ children }: { readonly children: ReactNode }) {
  return <html lang="en"><body>{children}</body></html>
}
`

const PAGE_TSX = `import { Providers, RequireAuth } from './providers'

export default function Page() {
  return <Providers session={null}><RequireAuth fallback="One moment">Orders</RequireAuth></Providers>
}
`

const ACCOUNT_TSX = `import { cookies } from 'next/headers'
import { Providers, SignedIn } from '../providers'
import { sessionOf } from '../session'

export default async function Account() {
  const session = await sessionOf((await cookies()).toString())
  return <Providers session={session}><SignedIn>Your account</SignedIn></Providers>
}
`

/** Builds the app in an empty folder, which type-checks it and renders its page on a server. Gives that page and what its browser loads. */
export async function buildNextApp(folder: string): Promise<{ page: string; scripts: string }> {
  const tarball = await pack(folder)
  const recipes = fencesOf('', await readFile(join(ROOT, 'docs/react-recipes.md'), 'utf8'))
  const recipe = (mark: string): string => {
    const found = recipes.find(({ code }) => code.includes(mark))
    if (found === undefined) throw new Error(`docs/react-recipes.md has no code with ${mark}`)
    return found.code
  }
  await writeFiles(folder, {
    'package.json': {
      private: true,
      dependencies: {
        latchkey: `file:${tarball}`,
        next: NEXT,
        react: await version('react'),
        'react-dom': await version('react-dom'),
      },
      devDependencies: {
        '@types/node': await version('@types/node'),
        '@types/react': await version('@types/react'),
        typescript: await version('typescript'),
      },
    },
    'tsconfig.json': {
      compilerOptions: {
        target: 'ES2022',
        lib: ['ES2022', 'DOM', 'DOM.Iterable'],
        strict: true,
        exactOptionalPropertyTypes: true,
        module: 'ESNext',
        moduleResolution: 'bundler',
        jsx: 'react-jsx',
        skipLibCheck: true,
        isolatedModules: true,
        noEmit: true,
      },
      include: ['app', 'next-env.d.ts'],
    },
    'app/layout.tsx': LAYOUT_TSX,
    'app/page.tsx': PAGE_TSX,
    'app/providers.tsx': recipe(`'use client'`),
    'app/session.ts': recipe('sessionOf'),
    'app/account/page.tsx': ACCOUNT_TSX,
  })
  const options = { cwd: folder, env: { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' } }
  const install = ['install', '--prefer-offline', '--include=dev', '--no-audit', '--no-fund']
  await mustRun('npm', install, options)
  await mustRun(join(folder, 'node_modules/.bin/next'), ['build'], options)
  const chunks = join(folder, '.next/static/chunks')
  const names = (await readdir(chunks, { recursive: true })).filter((name) => name.endsWith('.js'))
  const scripts = await Promise.all(names.map((name) => readFile(join(chunks, name), 'utf8')))
  return {
    page: await readFile(join(folder, '.next/server/app/index.html'), 'utf8'),
    scripts: scripts.join('\n'),
  }
}
