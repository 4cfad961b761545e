/* The code in our documents: where it stands, and what it is. */

export interface Fence {
  readonly file: string
  /** Line of the file on which the code begins, from 1. */
  readonly line: number
  /** What stands behind the opening marks. */
  readonly info: string
  readonly code: string
}

/** All fences of a markdown text, also indented ones in lists. `line` is where the text begins in the file. */
export function fencesOf(file: string, text: string, line = 1): Fence[] {
  const fences: Fence[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const open = /^(\s*)(`{3,}|~{3,})\s*(.*)$/.exec(lines[at] ?? '')
    if (open === null) continue
    const [, indent = '', mark = '', info = ''] = open
    const start = at + 1
    while (++at < lines.length && !(lines[at]?.trim().startsWith(mark) === true));
    const code = lines
      .slice(start, at)
      .map((row) => (row.startsWith(indent) ? row.slice(indent.length) : row))
    fences.push({ file, line: line + start, info: info.trim(), code: code.join('\n') })
  }
  return fences
}

/** Files and folders that a text names in code: a path that ends with a slash, or the name of a source or document. */
export const filesNamedIn = (text: string): string[] => [
  ...new Set(
    Array.from(
      text.matchAll(/(?<![\w./(-])[\w-]+(?:\/[\w-]+)*(?:\/(?!\w)|(?:\.\w+)*\.(?:tsx?|md)\b)/g),
      ([path]) => path,
    ),
  ),
]

/** All code in the docstrings of a source: the fences, and each `@example` that stands without one. */
export function docstringFencesOf(file: string, source: string): Fence[] {
  const found: Fence[] = []
  for (const { 0: comment, index } of source.matchAll(/^[ \t]*\/\*\*(?:[^*]|\*(?!\/))*\*\//gm)) {
    const text = comment.replace(/\s*\*\/$/, '').replace(/^[ \t]*(?:\/\*\*|\*) ?/gm, '')
    let line = lineCount(source.slice(0, index))
    for (const section of text.split(/^(?=@[a-z])/m)) {
      const fences = fencesOf(file, section, line)
      const example = /^@example\b(.*\n?)([\s\S]*)$/.exec(section)
      if (example !== null && fences.length === 0) {
        fences.push({ file, line: line + 1, info: 'ts', code: (example[2] ?? '').trimEnd() })
      }
      found.push(...fences)
      line += lineCount(section) - 1
    }
  }
  return found
}

function lineCount(text: string): number {
  return text.split('\n').length
}
