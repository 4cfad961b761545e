/* What a strict content security policy forbids is not in the bundle an application gets. */
import { expect, it } from 'vitest'
import { bundle } from '../tools/bundle.ts'

const FORBIDDEN: Record<string, RegExp> = {
  eval: /\beval\s*\(/,
  'new Function': /\bnew\s+Function\b|\bFunction\s*\(/,
  'a timer with code as text': /\bset(?:Timeout|Interval)\s*\(\s*["'`]/,
  'a worker': /\b(?:Shared)?Worker\s*\(/,
  'a service worker': /serviceWorker/,
  'a blob URL': /createObjectURL/,
  'HTML as text': /\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser)\b/,
  'a script element': /createElement/,
  importScripts: /importScripts/,
  WebAssembly: /\bWebAssembly\b/,
  'a handler that keeps the page out of the back/forward cache': /\b(?:before)?unload\b/,
}

/** The public entries, and what they load later. */
const entries = ['index', 'ky', 'wire/diagnose'].map(
  (name) => [name, `export * from './src/${name}.ts'`] as const,
)

it.each(entries)('R88 AV-02 the bundle of %s has nothing that a strict policy stops', async (_name, code) => {
  const { code: text } = await bundle(code)
  expect(text.length).toBeGreaterThan(500)
  for (const [what, pattern] of Object.entries(FORBIDDEN)) expect(text, what).not.toMatch(pattern)
})

it('R88 each of these patterns finds what it is for', () => {
  const samples = [
    'eval("1")',
    'new Function("x")',
    'setTimeout("x", 1)',
    'new Worker("x")',
    'navigator.serviceWorker',
    'URL.createObjectURL(b)',
    'a.innerHTML=b',
    'document.createElement("script")',
    'importScripts("x")',
    'WebAssembly.compile',
    'addEventListener("beforeunload",f)',
  ]
  const patterns = Object.values(FORBIDDEN)
  expect(samples.map((sample, i) => patterns[i]!.test(sample))).toEqual(samples.map(() => true))
})

it('R97 the client brings no service worker, and no worker of any kind', async () => {
  const { code } = await bundle(entries[0]![1])
  expect(code).not.toMatch(/serviceWorker|\bWorker\b/)
})
