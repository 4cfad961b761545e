/* The titles of the tests in a source, read without running it. */
import ts from 'typescript'

export interface Title {
  readonly title: string
  readonly line: number
  /** `skip`, `only`, `todo` and the like, where the test does not simply run. */
  readonly modifier?: string
}

/** The last runs a whole suite under its title. */
const TESTS = ['it', 'test', 'conforms']
const RUNS = ['each', 'for', 'concurrent', 'sequential', 'extend']

/** What a callee is made of: `it.skip.each(table)` gives it, skip, each. */
function names(callee: ts.Expression): string[] {
  if (ts.isIdentifier(callee)) return [callee.text]
  if (ts.isPropertyAccessExpression(callee)) return [...names(callee.expression), callee.name.text]
  if (ts.isCallExpression(callee)) return names(callee.expression)
  if (ts.isTaggedTemplateExpression(callee)) return names(callee.tag)
  return []
}

function textOf(title: ts.Expression | undefined): string | undefined {
  if (title === undefined) return undefined
  if (ts.isStringLiteralLike(title)) return title.text
  if (!ts.isTemplateExpression(title)) return undefined
  return title.head.text + title.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
}

/**
 * Every `it('…')` and `test('…')`, also of a table, and of the suites that others run each `check('…')` and `name: '…'`; not `describe`,
 * whose title says nothing about one test.
 */
export function titlesOf(file: string, text: string): Title[] {
  const source = ts.createSourceFile(
    file,
    text,
    ts.ScriptTarget.ES2022,
    true,
    file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  )
  const found: Title[] = []
  const isSuite = file.includes('conformance') && file.startsWith('src/')
  const lineOf = (node: ts.Node): number =>
    source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [root = '', ...rest] = names(node.expression)
      const title = textOf(node.arguments[0])
      const modifier = rest.find((name) => !RUNS.includes(name))
      const isOne = TESTS.includes(root) || (isSuite && root === 'check')
      const isTest = isOne && !['describe', 'step', 'use'].includes(modifier ?? '')
      if (isTest && title !== undefined) {
        found.push({ title, line: lineOf(node), ...(modifier === undefined ? {} : { modifier }) })
      }
    }
    if (isSuite && ts.isPropertyAssignment(node) && node.name.getText(source) === 'name') {
      const title = textOf(node.initializer)
      if (title !== undefined) found.push({ title, line: lineOf(node) })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}
