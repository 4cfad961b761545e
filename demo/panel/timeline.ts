import type { DiagnosticLog } from './log.js'
import { type Row, rowsOf } from './rows.js'
import { figuresOf, sentenceOf } from './sentences.js'

const LABELS = {
  running: 'Running',
  good: 'Done',
  plain: 'Note',
  notice: 'Attention',
  bad: 'Problem',
} as const

const SHAPES = [
  ['good', 'decided or done'],
  ['running', 'under way'],
  ['notice', 'worth a look'],
] as const

/** So many tabs get a line of their own; further ones share the last. */
const LANES = 6

export interface TimelineOptions {
  /** What a tab is called; asked anew at every change. Default: numbers in the order of appearance. */
  readonly nameOf?: ((tab: string) => string | undefined) | undefined
  /** The lane of a tab, from 0. Default: in the order of appearance. */
  readonly laneOf?: ((tab: string) => number | undefined) | undefined
  /** Said while nothing has happened yet. */
  readonly empty?: string | undefined
}

export interface Timeline {
  /** Draws anew what depends on the names of the tabs. */
  redraw(): void
  remove(): void
}

/**
 * Shows the log as a list, the newest first, with a lane for each tab, and keeps it up to date. Needs no framework, and
 * `panel.css` for its looks.
 */
export function mountTimeline(
  container: HTMLElement,
  log: DiagnosticLog,
  options: TimelineOptions = {},
): Timeline {
  const list = element('ol', 'timeline')
  const empty = element('p', 'timeline-empty', options.empty ?? 'Nothing has happened yet.')
  const legend = element('p', 'timeline-legend')
  legend.append(...SHAPES.map(([tone, text]) => keyOf(tone, text)))
  container.append(list, empty, legend)
  const order: string[] = []
  const shown = new Map<number, { row: Row; shape: string; item: HTMLLIElement }>()
  const place = (tab: string): number => {
    if (!order.includes(tab)) order.push(tab)
    return order.indexOf(tab)
  }
  const laneOf = (tab: string): number => Math.min(options.laneOf?.(tab) ?? place(tab), LANES - 1)
  const nameOf = (tab: string): string => options.nameOf?.(tab) ?? `Tab ${place(tab) + 1}`

  const draw = (): void => {
    const rows = rowsOf(log.entries())
    empty.hidden = rows.length > 0
    const keys = new Set(rows.map(({ key }) => key))
    for (const [key, { item }] of shown) {
      if (keys.has(key)) continue
      item.remove()
      shown.delete(key)
    }
    const lanes = Math.max(0, ...rows.flatMap(({ tabs }) => tabs.map(laneOf))) + 1
    list.dataset['lanes'] = String(lanes)
    for (const row of rows) {
      const old = shown.get(row.key)
      const tabs = row.tabs.toSorted((a, b) => laneOf(a) - laneOf(b))
      // Two tabs may have had one name, one after the other.
      const names = [...new Set(tabs.map(nameOf))]
      const shape = [lanes, ...names, row.times, row.entry.at, row.entry.type].join(' ')
      if (old?.shape === shape) continue
      const item = itemOf(row, joined(names), tabs.map(laneOf), lanes)
      if (old) old.item.replaceWith(item)
      else {
        item.dataset['new'] = 'true'
        list.prepend(item)
      }
      shown.set(row.key, { row, shape, item })
    }
  }
  draw()
  const stop = log.subscribe(draw)
  return {
    redraw: draw,
    remove() {
      stop()
      list.remove()
      empty.remove()
      legend.remove()
    },
  }
}

function itemOf(
  { entry, begun, tabs, times }: Row,
  names: string,
  marked: readonly number[],
  lanes: number,
): HTMLLIElement {
  const { tone, text } = sentenceOf(entry)
  const item = element('li', 'timeline-item')
  item.dataset['tone'] = tone
  const time = element('time', 'timeline-time', clock.format(entry.at))
  time.dateTime = new Date(entry.at).toISOString()
  const sentence = element('p', 'timeline-text')
  const tab = element('span', 'timeline-tab', names)
  if (marked.length === 1) tab.dataset['lane'] = String(marked[0])
  sentence.append(tab, element('span', 'timeline-said', ` ${LABELS[tone]}: `), text)
  const figures = [times > tabs.length ? `${times} times` : '', figuresOf(entry, begun)]
    .filter(Boolean)
    .join(' · ')
  if (figures) sentence.append(' ', element('span', 'timeline-figures', figures))
  item.append(time, lanesOf(marked, lanes), sentence)
  return item
}

/** What one shape means. */
function keyOf(tone: string, text: string): HTMLElement {
  const key = element('span', 'timeline-key')
  key.dataset['tone'] = tone
  const mark = element('i', 'timeline-lane')
  mark.dataset['marked'] = 'true'
  mark.setAttribute('aria-hidden', 'true')
  key.append(mark, text)
  return key
}

/** The lines of all tabs beside each other, with a mark on those that did it. */
function lanesOf(marked: readonly number[], count: number): HTMLElement {
  const lanes = element('span', 'timeline-lanes')
  lanes.setAttribute('aria-hidden', 'true')
  for (let index = 0; index < count; index++) {
    const lane = element('i', 'timeline-lane')
    lane.dataset['lane'] = String(index)
    if (marked.includes(index)) lane.dataset['marked'] = 'true'
    lanes.append(lane)
  }
  return lanes
}

/** Names in a row; what is called "Tab 2" and "Tab 3" is "Tabs 2 and 3". */
function joined(names: readonly string[]): string {
  if (names.length < 2) return names.join('')
  const numbered = names.every((name) => name.startsWith('Tab '))
  const short = numbered ? names.map((name) => name.slice(4)) : names
  return `${numbered ? 'Tabs ' : ''}${short.slice(0, -1).join(', ')} and ${short.at(-1)}`
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  text = '',
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  made.className = className
  made.textContent = text
  return made
}
