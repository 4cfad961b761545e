/*
 * The code in our documents, and whether it compiles: each fence is a module of its own, seen exactly as the reader
 * sees it, against the sources of the package. There is no way to exempt a fence; pseudo-code is marked `text`.
 */
import { posix } from 'node:path'
import ts from 'typescript'
import { ROOT } from './files.ts'
import type { Fence } from './markdown.ts'

const COMPILED = ['ts', 'tsx']
const TEXT = ['text', 'sh', 'json', 'http', 'html', 'css', 'yaml', 'diff', 'mermaid', 'vue', 'svelte']

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  jsx: ts.JsxEmit.ReactJSX,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
  types: [],
  paths: {
    latchkey: [`${ROOT}/src/index.ts`],
    'latchkey/jwt': [`${ROOT}/src/jwt/index.ts`],
    'latchkey/ky': [`${ROOT}/src/ky.ts`],
    'latchkey/oidc': [`${ROOT}/src/oidc/index.ts`],
    'latchkey/presets': [`${ROOT}/src/presets.ts`],
    'latchkey/react': [`${ROOT}/src/react/index.ts`],
    'latchkey/server': [`${ROOT}/src/server/index.ts`],
    'latchkey/testing': [`${ROOT}/src/testing/index.ts`],
  },
}

/** What is wrong with the fences, one line each; empty when all of them compile. */
export function fenceFaults(fences: readonly Fence[]): string[] {
  const known = fences.filter(({ info }) => COMPILED.includes(info))
  const faults = fences
    .filter(({ info }) => !COMPILED.includes(info) && !TEXT.includes(info))
    .map(
      ({ file, line, info }) =>
        `${file}:${line}: fence marked "${info}"; use one of ${[...COMPILED, ...TEXT].join(', ')}`,
    )

  const modules = new Map(known.map((fence, index) => [`${ROOT}/fence-${index}.${fence.info}`, fence]))
  const host = ts.createCompilerHost(OPTIONS)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (path) => modules.has(path) || fileExists(path)
  host.readFile = (path) => modules.get(path)?.code ?? readFile(path)
  host.getSourceFile = (path, version, ...rest) => {
    const fence = modules.get(path)
    return fence === undefined
      ? getSourceFile(path, version, ...rest)
      : ts.createSourceFile(path, fence.code, version, true)
  }
  faults.push(
    ...known
      .filter(({ code }) => code.trim() === '')
      .map(({ file, line }) => `${file}:${line}: nothing in it`),
  )
  const program = ts.createProgram([...modules.keys()], OPTIONS, host)
  for (const [path, fence] of modules) {
    const source = program.getSourceFile(path)
    for (const fault of [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]) {
      const line = fault.file?.getLineAndCharacterOfPosition(fault.start ?? 0).line ?? 0
      faults.push(
        `${fence.file}:${fence.line + line}: ${ts.flattenDiagnosticMessageText(fault.messageText, ' ')}`,
      )
    }
  }
  return faults
}

/** A markdown text without its code, so that brackets in it are no links. Lines stay where they are. */
function proseOf(text: string): string {
  return text
    .replace(/^(\s*)(`{3,}|~{3,})[^\n]*\n[\s\S]*?\n\s*\2[^\n]*$/gm, (fence) => fence.replace(/[^\n]/g, ''))
    .replace(/(`+)[^`\n]+\1/g, '')
}

/** The anchors of a markdown text, as GitHub names them: from headings and from `id` or `name` attributes. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  const plain = text.replace(/^(\s*)(`{3,}|~{3,})[^\n]*\n[\s\S]*?\n\s*\2[^\n]*$/gm, '')
  for (const [, title = ''] of plain.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const name = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    let anchor = name
    for (let copy = 1; anchors.has(anchor); copy++) anchor = `${name}-${copy}`
    anchors.add(anchor)
  }
  for (const [, id = ''] of plain.matchAll(/<[^>]+\s(?:id|name)="([^"]+)"/g)) anchors.add(id)
  return anchors
}

/** Relative links that lead nowhere. `documents` are the markdown files by path, `exists` knows all other files. */
export function linkFaults(
  documents: ReadonlyMap<string, string>,
  exists: (path: string) => boolean,
): string[] {
  const faults: string[] = []
  for (const [file, text] of documents) {
    const prose = proseOf(text)
    const targets = [
      ...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
      ...prose.matchAll(/^\s*\[[^\]]+\]:\s*(\S+)/gm),
      ...prose.matchAll(/\s(?:href|src|srcset)="([^"\s]+)/g),
    ].map(([, target = '']) => target)
    for (const target of targets) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue
      const [to = '', anchor] = target.split('#')
      const path = to === '' ? file : posix.join(posix.dirname(file), decodeURIComponent(to))
      const document = documents.get(path)
      if (document === undefined && !exists(path)) faults.push(`${file}: ${target} does not exist`)
      else if (anchor !== undefined && document !== undefined && !anchorsOf(document).has(anchor)) {
        faults.push(`${file}: ${target} has no such heading`)
      }
    }
  }
  return faults
}
