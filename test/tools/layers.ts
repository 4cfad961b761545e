/*
 * The import direction of src as data, and the check of it as a function over a map of files, so that a planted
 * violation is a test of its own. DESIGN: core knows nobody; public entries see the client, never the runtime or browser/.
 */
import { posix } from 'node:path'
import ts from 'typescript'

/** What each layer may import besides itself. A layer is a folder of src, or a file directly in it. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  help: [],
  words: [],
  'words.production': ['words', 'help'],
  errors: ['core', 'words'],
  options: ['core', 'errors', 'words'],
  store: ['core'],
  browser: ['core', 'errors'],
  plumbing: ['core', 'errors', 'options', 'store', 'words'],
  wire: ['core', 'errors', 'options', 'plumbing', 'words'],
  acts: ['core', 'errors', 'options', 'plumbing', 'wire', 'words'],
  use: ['core', 'errors', 'options', 'plumbing', 'wire', 'acts', 'words'],
  runtime: ['core', 'errors', 'options', 'plumbing', 'wire', 'acts', 'use', 'words'],
  client: [
    'core',
    'errors',
    'options',
    'store',
    'plumbing',
    'wire',
    'acts',
    'use',
    'runtime',
    'browser',
    'words',
  ],
  index: ['core', 'errors', 'options', 'client'],
  ky: ['core', 'errors', 'options', 'client', 'index'],
  presets: ['core', 'errors', 'options', 'client', 'index'],
  react: ['core', 'errors', 'options', 'client', 'index', 'help'],
  jwt: [],
  server: [],
  oidc: ['server'],
  testing: ['core', 'errors', 'options', 'client', 'index', 'server'],
}

/** Which layers may import a package. One that is not listed may be imported by none. */
const MAY_USE: Record<string, readonly string[]> = {
  jose: ['wire', 'jwt', 'server', 'testing'],
  'broadcast-channel': ['browser'],
  ky: ['ky'],
  react: ['react'],
  msw: ['testing'],
  'openid-client': ['oidc'],
  hono: ['server', 'testing'],
  '@hono/node-server': ['server'],
  '@noble/hashes': ['server'],
  'fast-check': ['testing'],
}

/** Packages that must not weigh on those who do not need them: only `import('…')`, or a type. */
const LAZY = ['broadcast-channel']

const CLOCK_AND_CHANCE = ['Date', 'performance', 'crypto', 'setTimeout', 'setInterval']

export interface Import {
  readonly specifier: string
  readonly kind: 'static' | 'dynamic' | 'type'
}

/** Every import of a module, in whatever form: from, side effect, re-export, `import()`, `import('…').T`, require. */
export function importsOf(source: ts.SourceFile): Import[] {
  const found: Import[] = []
  const add = (node: ts.Node | undefined, kind: Import['kind']): void => {
    if (node === undefined) return
    found.push({
      specifier: ts.isStringLiteralLike(node) ? node.text : `(computed) ${node.getText(source)}`,
      kind,
    })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause?.isTypeOnly === true ? 'type' : 'static')
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static')
    } else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument, 'type')
    } else if (ts.isExternalModuleReference(node)) {
      add(node.expression, 'static')
    } else if (ts.isCallExpression(node)) {
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], 'dynamic')
      else if (ts.isIdentifier(node.expression) && node.expression.text === 'require') {
        add(node.arguments[0], 'static')
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function layerOf(path: string): string {
  const [first = '', ...rest] = path.split('/')
  return rest.length > 0 ? first : first.replace(/\.[jt]sx?$/, '')
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function importFault(path: string, { specifier, kind }: Import): string | undefined {
  const from = layerOf(path)
  if (specifier.startsWith('.')) {
    const to = layerOf(posix.join(posix.dirname(path), specifier))
    if (to !== from && MAY_IMPORT[from]?.includes(to) !== true) return `${from} imports ${to} (${specifier})`
    return specifier.endsWith('.js') ? undefined : `${specifier} does not end in .js`
  }
  const name = packageOf(specifier)
  if (MAY_USE[name]?.includes(from) !== true) return `${from} imports the package ${name}`
  if (LAZY.includes(name) && kind === 'static') return `${from} imports ${name} at once, not lazily`
  return undefined
}

/** Where core reads a clock or chance: a free identifier of those names, or `Math.random`. */
function impurities(source: ts.SourceFile): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) {
      if (node.expression.getText(source) === 'Math' && node.name.text === 'random') found.push('Math.random')
      visit(node.expression)
      return
    }
    if (ts.isIdentifier(node) && CLOCK_AND_CHANCE.includes(node.text)) {
      const { parent } = node
      const names =
        ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent)
      if (!(names && parent.name === node)) found.push(node.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** All faults of the files of src, keyed by their path below it; empty when the layers hold. */
export function layerFaults(files: ReadonlyMap<string, string>): string[] {
  const faults: string[] = []
  for (const [path, text] of files) {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
    const layer = layerOf(path)
    if (!(layer in MAY_IMPORT)) faults.push(`${path}: is in no layer`)
    for (const found of importsOf(source)) {
      const fault = importFault(path, found)
      if (fault !== undefined) faults.push(`${path}: ${fault}`)
    }
    if (layer === 'core') faults.push(...impurities(source).map((name) => `${path}: core reads ${name}`))
  }
  return faults
}
