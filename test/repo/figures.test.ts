/* What `npm run figures` counts, on sources small enough to count by hand. */
import { expect, it } from 'vitest'
import { countNodes, membersOf, mutableMembers, parse, verbs } from '../tools/figures.ts'

const of = (text: string) => parse('a.ts', text)

it('members of a type are those of all its cases, each name once', () => {
  const source = of(`
    export interface Box { readonly a: number; b?: { c: number } }
    export type View = { is: 'in'; a: number } | { is: 'out'; b: string }
  `)
  expect(membersOf([source], 'Box')).toEqual(['a', 'b'])
  expect(membersOf([source], 'View')).toEqual(['is', 'a', 'b'])
  expect(membersOf([source], 'Other')).toEqual([])
})

it('what changes is found wherever it hides: in a class, behind readonly, in a closure, in a module', () => {
  const source = of(`
    let count = 0
    const seen = new WeakSet()
    const LIST = [1, 2]
    class Box { #open = false; readonly items = new Map(); readonly name: string; constructor(name: string) { this.name = name } }
    function make() {
      let shown = 1
      let local = 2
      local = 3
      return () => { shown = 4 + local }
    }
  `)
  expect(mutableMembers(source)).toEqual(
    ['count', 'seen', '#open', 'items', 'shown'].map((name) => `a.ts: ${name}`),
  )
})

it('verbs are the names of functions, methods and events', () => {
  const source = of(`
    type Event = { readonly type: 'revoke' } | { readonly type: 'other' }
    class Box { #discardLate() {} refresher = 1; refresh() {} }
    function askAgain() {}
    function asking() {}
    const discarded = () => { const revoke = () => 1; return revoke }
    const discards = 1
  `)
  expect(verbs([source], /^(?:revoke|discard)/)).toEqual(['discardLate', 'discarded', 'revoke'])
  expect(verbs([source], /^(?:refresh|ask)(?![a-z])/)).toEqual(['askAgain', 'refresh'])
})

it('nodes are counted by syntax, and not by how it is laid out', () => {
  expect(countNodes([of('a(1)')])).toBe(countNodes([of('a(\n  1,\n)\n// why')]))
  expect(countNodes([of('a(1)')])).toBeLessThan(countNodes([of('a(1, 2)')]))
})
