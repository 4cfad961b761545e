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

/** Shows the log as a list, the newest first, and keeps it up to date. Returns what takes it away. */
export function mountTimeline(container: HTMLElement, log: DiagnosticLog): () => void {
  const list = document.createElement('ol')
  list.className = 'timeline'
  container.append(list)
  const shown = new Map<number, { row: Row; item: HTMLLIElement }>()

  const draw = (): void => {
    const rows = rowsOf(log.entries())
    const keys = new Set(rows.map(({ key }) => key))
    for (const [key, { item }] of shown) {
      if (keys.has(key)) continue
      item.remove()
      shown.delete(key)
    }
    for (const row of rows) {
      const old = shown.get(row.key)
      if (old?.row.entry === row.entry) continue
      const item = itemOf(row)
      if (old) old.item.replaceWith(item)
      else list.prepend(item)
      shown.set(row.key, { row, item })
    }
  }
  draw()
  const stop = log.subscribe(draw)
  return () => {
    stop()
    list.remove()
  }
}

function itemOf({ entry }: Row): HTMLLIElement {
  const { tone, text } = sentenceOf(entry)
  const item = element('li', 'timeline-item')
  item.dataset['tone'] = tone
  const mark = element('span', 'timeline-mark')
  mark.append(element('span', 'visually-hidden', `${LABELS[tone]}: `))
  const time = element('time', 'timeline-time', clock.format(entry.at))
  time.dateTime = new Date(entry.at).toISOString()
  const sentence = element('p', 'timeline-text')
  sentence.append(mark, text)
  const figures = figuresOf(entry)
  item.append(time, sentence)
  if (figures) item.append(element('span', 'timeline-figures', figures))
  return item
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
