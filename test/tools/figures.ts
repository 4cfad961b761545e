/*
 * `npm run figures`: how much there is to know about the client's core, counted in the source, so that a change of its design
 * can be told from a move. State that is moved counts as state.
 */
import { globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { BuildOptions } from 'esbuild'
import ts from 'typescript'
import { bundle } from './bundle.ts'
import { ROOT } from './files.ts'
import { PRODUCTION } from './production.ts'

/** What a browser knows of the sign-in, what its tabs tell each other, and what one tab knows. */
const STATE = ['Register', 'News', 'Wait', 'SharedToken', 'ClientState']
/** What decides and what acts. */
const FLOORS = ['core', 'plumbing', 'wire', 'acts', 'use', 'runtime.ts']
/** Words for "the server has still to end it", and for "ask the server". */
const ENDING =
  /^(?:revoke|compensate|discard|undo|endIfLost|loginLost|disown|ow(?:e|ing)|settled?|paid|carried|payOff|lookBehind)(?![a-z])/
const ASKING =
  /^(?:refresh|renew|obtain|probe|ask|resync|repair|revive|restore|look(?!Behind)|question|prove)(?![a-z])/
/** Calls that make something which changes although its name is `readonly` or `const`. */
const MUTABLE = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'AbortController', 'Listeners'])

interface Source {
  readonly path: string
  readonly tree: ts.SourceFile
}

export const parse = (path: string, text: string): Source => ({
  path,
  tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true),
})

/** Everything in the node, itself first. */
function* walk(node: ts.Node): Generator<ts.Node> {
  yield node
  const children: ts.Node[] = []
  ts.forEachChild(node, (child) => void children.push(child))
  for (const child of children) yield* walk(child)
}

export const countNodes = (sources: readonly Source[]): number =>
  sources.reduce((sum, { tree }) => sum + [...walk(tree)].length, 0)

/** The members of a type that is an object or a union of objects, one level deep, each name once. */
export function membersOf(sources: readonly Source[], name: string): string[] {
  const names = new Set<string>()
  for (const { tree } of sources)
    for (const node of walk(tree)) {
      const declares = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)
      if (!declares || node.name.text !== name) continue
      const parts = ts.isInterfaceDeclaration(node)
        ? [node]
        : ts.isUnionTypeNode(node.type)
          ? node.type.types
          : [node.type]
      for (const part of parts)
        if (ts.isTypeLiteralNode(part) || ts.isInterfaceDeclaration(part))
          for (const member of part.members) names.add(member.name?.getText(tree) ?? '')
    }
  return [...names]
}

/** Whatever keeps something from one call to the next outside the state: members of classes, and variables that functions share. */
export function mutableMembers({ path, tree }: Source): string[] {
  const found: string[] = []
  for (const node of walk(tree)) {
    if (ts.isPropertyDeclaration(node)) {
      const isReadonly = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword)
      if (!isReadonly || isMutable(node.initializer)) found.push(node.name.getText(tree))
    } else if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) {
      const { name } = node
      const isLet = (node.parent.flags & ts.NodeFlags.Let) !== 0
      const isGlobal = node.parent.parent.parent === tree
      if (
        isLet
          ? isGlobal || isShared(name, tree)
          : isGlobal && !isConstant(name.text) && isMutable(node.initializer)
      )
        found.push(name.text)
    }
  }
  return found.map((name) => `${path}: ${name}`)
}

const isMutable = (value: ts.Expression | undefined): boolean =>
  value !== undefined &&
  ((ts.isNewExpression(value) && MUTABLE.has(value.expression.getText())) ||
    ts.isArrayLiteralExpression(value))

/** Named as what nobody writes to. */
const isConstant = (name: string): boolean => name === name.toUpperCase()

/** Whether a function that is given away writes to the variable of the one around it. */
function isShared(name: ts.Identifier, tree: ts.SourceFile): boolean {
  const owner = functionOf(name)
  return [...walk(owner ?? tree)].some(
    (node) =>
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
      node.left.getText(tree) === name.text &&
      functionOf(node) !== owner,
  )
}

function functionOf(node: ts.Node): ts.Node | undefined {
  for (let at = node.parent as ts.Node | undefined; at; at = at.parent) if (ts.isFunctionLike(at)) return at
  return undefined
}

/** Names of functions, methods and events that begin with one of these words. */
export function verbs(sources: readonly Source[], words: RegExp): string[] {
  const names = new Set<string>()
  for (const { tree } of sources)
    for (const node of walk(tree)) {
      const isCode =
        ts.isFunctionDeclaration(node) ||
        ts.isMethodDeclaration(node) ||
        ts.isMethodSignature(node) ||
        (ts.isVariableDeclaration(node) &&
          node.parent.parent.parent === tree &&
          node.initializer !== undefined &&
          ts.isArrowFunction(node.initializer))
      const isEvent =
        ts.isPropertySignature(node) &&
        node.name.getText(tree) === 'type' &&
        node.type !== undefined &&
        ts.isLiteralTypeNode(node.type)
      const name = isCode
        ? node.name?.getText(tree)
        : isEvent
          ? node.type.getText(tree).slice(1, -1)
          : undefined
      const word = name?.replace(/^#/, '')
      if (word && words.test(word)) names.add(word)
    }
  return [...names].toSorted()
}

function read(folders: readonly string[]): Source[] {
  const paths = folders.flatMap((folder) =>
    globSync(join(ROOT, 'src', folder.endsWith('.ts') ? folder : `${folder}/**/*.ts`)),
  )
  return paths.toSorted().map((path) => parse(relative(join(ROOT, 'src'), path), readFileSync(path, 'utf8')))
}

/** What loads with `latchkey`. */
const bytes = async (build: BuildOptions): Promise<number> =>
  (await bundle(`export * from './src/index.ts'`, [], ROOT, build)).now.gzipped

async function print(): Promise<void> {
  const core = read(FLOORS)
  const client = [...core, ...read(['browser', 'options']), ...read(['client.ts', 'store.ts', 'errors.ts'])]
  const rows: [string, number, readonly string[]][] = STATE.map((name) => {
    const members = membersOf(core, name)
    return [`members of ${name}`, members.length, members]
  })
  const state = rows.filter(([, count]) => count > 0)
  const mutable = client.flatMap(mutableMembers)
  const table: typeof rows = [
    ...state,
    ['mutable members elsewhere', mutable.length, mutable],
    ['verbs for ending a session', verbs(core, ENDING).length, verbs(core, ENDING)],
    ['verbs for asking the server', verbs(core, ASKING).length, verbs(core, ASKING)],
    ['syntax nodes of core and flows', countNodes(core), []],
    ['lines of core and flows', core.reduce((sum, { tree }) => sum + tree.getLineStarts().length, 0), []],
    ['bytes of the production build, gzipped', await bytes(PRODUCTION), []],
    ['bytes of the development build, gzipped', await bytes({}), []],
    [
      'files over 250 lines',
      core.filter(({ tree }) => tree.getLineStarts().length > 250).length,
      core.filter(({ tree }) => tree.getLineStarts().length > 250).map(({ path }) => path),
    ],
  ]
  for (const [what, count, names] of table) {
    console.log(`${String(count).padStart(7)}  ${what}`)
    if (names.length > 0) console.log(`         ${names.join(', ')}`)
  }
}

if (import.meta.main) await print()
