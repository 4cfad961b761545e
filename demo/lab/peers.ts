import { auth } from '../app/auth.js'
import { isWindow, windowNumber } from '../app/place.js'
import { COMMANDS, type Command, type Commands, type Told, told } from './commands.js'

/** One open tab of the demo, as it describes itself. */
export interface Peer extends Told {
  readonly id: string
  readonly number: number
  /** Its name in diagnostic entries. */
  readonly client: string | undefined
  /** A small window inside a lab, not a tab of its own. */
  readonly inside: boolean
}

type Message =
  | { readonly kind: 'who' }
  | { readonly kind: 'here'; readonly peer: Peer }
  | { readonly kind: 'gone'; readonly id: string }
  | {
      readonly kind: 'do'
      readonly call: string
      readonly to: string
      readonly command: Command
      readonly input: unknown
    }
  | { readonly kind: 'did'; readonly call: string; readonly output: unknown }
  | { readonly kind: 'failed'; readonly call: string; readonly message: string }

const ASK_EVERY_MS = 1500
/** Hidden tabs answer late, but they answer. */
const GONE_AFTER_MS = 5000

const id = crypto.randomUUID()
const others = new Map<string, { readonly peer: Peer; readonly seen: number }>()
const calls = new Map<string, { resolve(output: unknown): void; reject(error: Error): void }>()
const listeners = new Set<() => void>()
let channel: BroadcastChannel | undefined
let number = windowNumber ?? 1
let shown: readonly Peer[] = []

export const peers = {
  /** This tab first in mind, but in the order of the numbers. */
  all: (): readonly Peer[] => shown,
  me: (): Peer => shown.find((peer) => peer.id === id) ?? describe(),
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
}

/** Has another tab do something, and resolves with what came of it. */
export function ask<Name extends Command>(
  peer: Peer,
  command: Name,
  input: Parameters<Commands[Name]>[0],
): ReturnType<Commands[Name]> {
  const call = crypto.randomUUID()
  const answered = new Promise((resolve, reject) => calls.set(call, { resolve, reject }))
  post({ kind: 'do', call, to: peer.id, command, input })
  return answered.finally(() => calls.delete(call)) as ReturnType<Commands[Name]>
}

function describe(): Peer {
  const client = auth.getDiagnostics()[0]?.tab
  return { id, number, client, inside: isWindow, ...told(auth.getState()) }
}

function post(message: Message): void {
  channel?.postMessage(message)
}

function update(): void {
  const now = performance.now()
  for (const [key, { seen }] of others) if (now - seen > GONE_AFTER_MS) others.delete(key)
  const me = describe()
  const next = [me, ...[...others.values()].map(({ peer }) => peer)].sort((a, b) => a.number - b.number)
  if (JSON.stringify(next) === JSON.stringify(shown)) return
  const changed = JSON.stringify(me) !== JSON.stringify(shown.find((peer) => peer.id === id))
  shown = next
  if (changed) post({ kind: 'here', peer: me })
  for (const listener of listeners) listener()
}

/** Two with one number: the one with the larger id takes the next that is free. */
function settleNumber(other: Peer): void {
  if (windowNumber !== undefined || other.number !== number || (!other.inside && other.id > id)) return
  const taken = new Set([...others.values()].map(({ peer }) => peer.number))
  while (taken.has(number)) number++
}

function receive(message: Message): void {
  switch (message.kind) {
    case 'who':
      return post({ kind: 'here', peer: describe() })
    case 'here':
      others.set(message.peer.id, { peer: message.peer, seen: performance.now() })
      settleNumber(message.peer)
      return update()
    case 'gone':
      others.delete(message.id)
      return update()
    case 'do':
      return message.to === id ? void obey(message) : undefined
    case 'did':
      return calls.get(message.call)?.resolve(message.output)
    case 'failed':
      return calls.get(message.call)?.reject(new Error(message.message))
  }
}

async function obey({ call, command, input }: Extract<Message, { kind: 'do' }>): Promise<void> {
  try {
    const run = COMMANDS[command] as (input: unknown) => Promise<unknown>
    post({ kind: 'did', call, output: await run(input) })
  } catch (error) {
    post({ kind: 'failed', call, message: error instanceof Error ? error.message : String(error) })
  }
}

function open(): void {
  if (channel) return
  channel = new BroadcastChannel('latchkey-demo:tabs')
  channel.onmessage = ({ data }: MessageEvent<Message>) => receive(data)
  post({ kind: 'who' })
  update()
}

/** Begins to hear and to be heard; a page that is cached must do neither. */
export function joinPeers(): void {
  open()
  auth.subscribe(update)
  auth.on('diagnostic', update)
  addEventListener('pageshow', open)
  addEventListener('pagehide', () => {
    post({ kind: 'gone', id })
    channel?.close()
    channel = undefined
    others.clear()
  })
  setInterval(() => {
    if (document.visibilityState === 'visible') post({ kind: 'who' })
    update()
  }, ASK_EVERY_MS)
}
