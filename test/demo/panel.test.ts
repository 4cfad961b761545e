import type { DiagnosticEntry } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { isEntry } from '../../demo/panel/entry.js'
import { DiagnosticLog } from '../../demo/panel/log.js'
import { rowsOf } from '../../demo/panel/rows.js'
import { figuresOf, sentenceOf } from '../../demo/panel/sentences.js'

const entry = (
  type: DiagnosticEntry['type'],
  at: number,
  more: Partial<DiagnosticEntry> = {},
): DiagnosticEntry => ({ type, at, tab: 'a', ...more })

describe('the rows of the timeline', () => {
  it('show an act once: how it ended takes the place of how it began', () => {
    const rows = rowsOf([
      entry('refresh.sent', 0, { cause: 'schedule', milliseconds: 7400, jitter: 1100 }),
      entry('start', 5, { tab: 'b', cause: 'in' }),
      entry('refresh.done', 40, { cause: 'schedule', generation: 8, milliseconds: 40 }),
    ])
    expect(rows.map((row) => row.entry.type)).toEqual(['refresh.done', 'start'])
    expect(figuresOf(rows[0]!.entry, rows[0]!.begun)).toBe(
      '7.4\u00a0s left, jitter 1.1\u00a0s · generation 8 · 40\u00a0ms',
    )
  })

  it('say once what several tabs did at once, and how often', () => {
    const replayed = (tab: string, at: number) => entry('request.replayed', at, { tab, generation: 8 })
    const [row, ...others] = rowsOf([replayed('b', 0), replayed('c', 3), replayed('d', 5), replayed('b', 9)])
    expect(others).toEqual([])
    expect(row).toMatchObject({ tabs: ['b', 'c', 'd'], times: 4 })
  })

  it('count a token that a tab has taken over once, however often it says so', () => {
    const adopted = (tab: string, at: number, cause: string) =>
      entry('refresh.adopted', at, { tab, cause, generation: 8 })
    const rows = rowsOf([adopted('b', 0, 'shared'), adopted('b', 3, 'start'), adopted('c', 5, '401')])
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ tabs: ['b', 'c'], times: 2 })
  })

  it('keep apart what differs in its reason, its token, or its moment', () => {
    const rows = rowsOf([
      entry('session.ended', 0, { reason: 'logout' }),
      entry('session.ended', 5, { tab: 'b', reason: 'logout-elsewhere' }),
      entry('refresh.adopted', 10, { generation: 7 }),
      entry('refresh.adopted', 20, { generation: 8 }),
      entry('refresh.adopted', 20_000, { generation: 8 }),
    ])
    expect(rows).toHaveLength(5)
  })

  it('do not mistake the act of one tab for that of another', () => {
    const rows = rowsOf([
      entry('refresh.sent', 0),
      entry('refresh.sent', 1, { tab: 'b' }),
      entry('refresh.failed', 2, { tab: 'b', code: 'network' }),
    ])
    expect(rows.map((row) => row.entry.type)).toEqual(['refresh.sent', 'refresh.failed'])
  })
})

describe('what comes from other tabs', () => {
  it('is taken for an entry only if it has all an entry must have, and nothing more', () => {
    expect(isEntry(entry('start', 1, { cause: 'in', code: undefined }))).toBe(true)
    expect(isEntry({ ...entry('start', 1), token: 'eyJ' })).toBe(false)
    expect(isEntry({ ...entry('start', 1), at: '1' })).toBe(false)
    expect(isEntry({ type: 'start', at: 1 })).toBe(false)
    expect(isEntry(null)).toBe(false)
    expect(isEntry('start')).toBe(false)
  })

  it('takes its place by its time, and the log does not grow without end', () => {
    const log = new DiagnosticLog()
    log.add(entry('start', 10))
    log.add(entry('login.done', 5, { tab: 'b' }))
    expect(log.entries().map(({ at }) => at)).toEqual([5, 10])
    for (let at = 11; at < 400; at++) log.add(entry('start', at))
    expect(log.entries().length).toBe(150)
    expect(log.entries().at(-1)?.at).toBe(399)
  })

  it('is the newest although its time is long ago, since a clock was put back', () => {
    const log = new DiagnosticLog()
    log.add(entry('start', 600_000))
    log.add(entry('login.done', 1000))
    log.add(entry('refresh.sent', 1010, { tab: 'b' }))
    log.add(entry('refresh.sent', 1005, { tab: 'c' }))
    expect(log.entries().map(({ at }) => at)).toEqual([600_000, 1000, 1005, 1010])
  })
})

it('an entry of a kind that has no sentence is shown by its message or its name', () => {
  const unknown = entry('brand.new' as 'start', 1)
  expect(sentenceOf(unknown).text).toBe('brand.new')
  expect(sentenceOf({ ...unknown, message: 'Something new.' }).text).toBe('Something new.')
})
