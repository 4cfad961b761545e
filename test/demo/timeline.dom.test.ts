import type { DiagnosticEntry } from 'latchkey'
import { expect, it } from 'vitest'
import { DiagnosticLog } from '../../demo/panel/log.js'
import { mountTimeline } from '../../demo/panel/timeline.js'

const entry = (tab: string, at: number, more: Partial<DiagnosticEntry> = {}): DiagnosticEntry => ({
  type: 'start',
  cause: 'in',
  tab,
  at,
  ...more,
})

it('the timeline needs no framework: it shows what was, follows what comes, the newest first, and goes without a trace', () => {
  const log = new DiagnosticLog([entry('a', 0)])
  const place = document.createElement('div')
  const timeline = mountTimeline(place, log)
  const texts = () => [...place.querySelectorAll('li')].map((item) => item.textContent)
  expect(texts()).toEqual([expect.stringContaining('Tab 1 Note: Page loaded.')])

  log.add(entry('b', 5000, { type: 'refresh.sent', cause: 'start' }))
  expect(texts()[0]).toContain('Tab 2 Running: Asking the server')
  log.add(entry('b', 5040, { type: 'refresh.done', cause: 'start', generation: 3, milliseconds: 40 }))
  expect(texts()).toHaveLength(2)
  expect(texts()[0]).toMatch(/Tab 2 Done: .* generation 3 · 40\u00a0ms/)

  log.clear()
  expect(texts()).toEqual([])
  expect(place.querySelector('.timeline-empty')?.textContent).toBe('Nothing has happened yet.')
  timeline.remove()
  expect(place.childElementCount).toBe(0)
})

it('the timeline marks each tab in its lane, and says the names in their order', () => {
  const log = new DiagnosticLog([
    entry('c', 0, { type: 'refresh.adopted', generation: 8 }),
    entry('b', 5, { type: 'refresh.adopted', generation: 8 }),
  ])
  const place = document.createElement('div')
  const lanes = ['a', 'b', 'c']
  mountTimeline(place, log, {
    laneOf: (tab) => lanes.indexOf(tab),
    nameOf: (tab) => `Tab ${lanes.indexOf(tab) + 1}`,
  })
  expect(place.querySelector('.timeline-tab')?.textContent).toBe('Tabs 2 and 3')
  const marked = [...place.querySelectorAll('li .timeline-lane')].map((lane) =>
    lane.hasAttribute('data-marked'),
  )
  expect(marked).toEqual([false, true, true])
})

it('two tabs that had one name, one after the other, are named once', () => {
  const log = new DiagnosticLog([
    entry('old', 0, { type: 'refresh.adopted', generation: 4 }),
    entry('new', 5, { type: 'refresh.adopted', generation: 4 }),
  ])
  const place = document.createElement('div')
  mountTimeline(place, log, { nameOf: () => 'Tab 2' })
  expect(place.querySelector('.timeline-tab')?.textContent).toBe('Tab 2')
})
