/*
 * Which tests know how a browser stores its sign-in and how its tabs tell each other. All others say what another tab does
 * (`test/support/tabs.ts`) and ask what is stored (`test/support/stored.ts`), so that a new form is no change to them.
 */
import { posix } from 'node:path'
import ts from 'typescript'
import { importsOf } from './layers.ts'

/** Folders and files that may: the tests of the register itself, and what speaks for all others. */
export const KNOWS_THE_FORM = [
  'test/core/',
  'test/client/start/version-before.test.ts',
  'test/client/tabs/at-rest.test.ts',
  'test/client/tabs/channel.test.ts',
  'test/client/tabs/hostile.test.ts',
  'test/client/tabs/hostile-storage.test.ts',
  'test/client/tabs/stranger.ts',
  'test/simulator/stage.ts',
  'test/support/hub.ts',
  'test/support/stored.ts',
  'e2e/channel.spec.ts',
]

const MODULES = /^src\/core\/(debts|epoch|register|news)\.[jt]s$/
const MEMBERS = ['epoch', 'register']
const TEXTS = /"(state|epoch)":|:(register|owed)\b|^latchkey:/

/** What a name stands for where it is a member: of a literal, a pattern, an access or a type. */
function memberOf({ parent }: ts.Node, node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(parent)) {
    // A service worker is registered, too.
    const { parent: call } = parent
    const isCalled = ts.isCallExpression(call) && call.expression === parent
    return parent.name === node && !isCalled
  }
  if (ts.isElementAccessExpression(parent)) return parent.argumentExpression === node
  if (ts.isBindingElement(parent))
    return ts.isObjectBindingPattern(parent.parent) && (parent.propertyName ?? parent.name) === node
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isShorthandPropertyAssignment(parent)) &&
    parent.name === node
  )
}

function knowledge(source: ts.SourceFile): string[] {
  const found = new Set<string>()
  const visit = (node: ts.Node): void => {
    const text = ts.isIdentifier(node) || ts.isStringLiteralLike(node) ? node.text : undefined
    if (text !== undefined && MEMBERS.includes(text) && memberOf(node, node)) found.add(`the member ${text}`)
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      const [form] = TEXTS.exec(node.text) ?? []
      if (form !== undefined) found.add(`the text ${form}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...found]
}

/** What each file knows of the form, keyed by path. */
export function formsKnown(files: ReadonlyMap<string, string>): Map<string, string[]> {
  const known = new Map<string, string[]>()
  for (const [path, text] of files) {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
    const modules = importsOf(source)
      .map(({ specifier }) => posix.join(posix.dirname(path), specifier))
      .filter((module) => MODULES.test(module))
    const all = [...modules, ...knowledge(source)]
    if (all.length > 0) known.set(path, all)
  }
  return known
}

/** Where somebody knows the form who may not, or may and does not. */
export function formFaults(files: ReadonlyMap<string, string>, allowed = KNOWS_THE_FORM): string[] {
  const known = formsKnown(files)
  const covers = (place: string, path: string) =>
    place.endsWith('/') ? path.startsWith(place) : path === place
  const faults = [...known]
    .filter(([path]) => !allowed.some((place) => covers(place, path)))
    .map(([path, what]) => `${path} knows ${what.join(', ')}`)
  const idle = allowed.filter((place) => ![...known.keys()].some((path) => covers(place, path)))
  return [...faults, ...idle.map((place) => `${place} need not be allowed`)]
}
