/*
 * Looks for secrets wherever script of a page can look: stores, URLs, the document, and all that can be reached from
 * `window`. Runs in the page, so it stands on its own.
 */

/** The places that hold one of the texts; below `window` with the path. */
export async function placesHolding(texts: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  const holds = (text: string): boolean => texts.some((one) => text.includes(one))
  const look = (place: string, ...values: readonly unknown[]): void => {
    for (const value of values) if (holds(String(value))) found.add(place)
  }

  look('localStorage', ...Object.entries(localStorage))
  look('sessionStorage', ...Object.entries(sessionStorage))
  look('cookie', document.cookie)
  look('url', location.href, document.referrer)
  look('history', JSON.stringify(history.state), ...navigation.entries().map(({ url }) => url))
  look('window.name', window.name)
  look('performance', ...performance.getEntries().map(({ name }) => name))
  look('document', document.documentElement.outerHTML)
  for (const field of document.querySelectorAll('input, textarea')) {
    look('field', (field as HTMLInputElement).value)
  }

  for (const name of await caches.keys()) {
    const cache = await caches.open(name)
    for (const request of await cache.keys()) {
      const response = await cache.match(request)
      look('cache', request.url, ...request.headers, ...(response?.headers ?? []), await response?.text())
    }
  }

  const settled = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'))
    })
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await settled(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      const records = await settled(database.transaction(store).objectStore(store).getAll())
      look('indexedDB', name, store, JSON.stringify(records))
    }
    database.close()
  }

  // Everything reachable from the global object: own and inherited properties, getters, collections, promises, buffers.
  const visited = new Set<unknown>()
  const queue: [unknown, string][] = [[globalThis, 'window']]
  const decoder = new TextDecoder('latin1')
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [value, path] = next
    if (typeof value === 'string') {
      if (holds(value)) found.add(path)
      continue
    }
    if (value === null || (typeof value !== 'object' && typeof value !== 'function') || visited.has(value))
      continue
    visited.add(value)
    const follow = (child: unknown, key: PropertyKey): void =>
      void queue.push([child, `${path}.${String(key)}`])
    if (value instanceof Map || value instanceof Set) {
      for (const [key, entry] of value.entries()) {
        follow(key, 'key')
        follow(entry, 'entry')
      }
    }
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      if (holds(decoder.decode(value))) found.add(path)
      continue
    }
    if (value instanceof Promise) {
      const settledValue = await Promise.race([value, Promise.resolve(undefined)]).catch(
        (error: unknown) => error,
      )
      follow(settledValue, 'then')
    }
    for (
      let level: object | null = value;
      level !== null;
      level = Object.getPrototypeOf(level) as object | null
    ) {
      for (const key of Reflect.ownKeys(level)) {
        if (holds(String(key))) found.add(path)
        try {
          follow(Reflect.get(level, key, value), key)
        } catch {
          // A getter that wants another receiver, or a feature this page may not use.
        }
      }
    }
  }
  if (visited.size < 2000) throw new Error(`Only ${visited.size} objects were reached: the search is broken`)
  return [...found].sort()
}

/** Puts the text into every store the search knows. */
export async function plantInStores(text: string): Promise<void> {
  localStorage.setItem('planted', text)
  sessionStorage.setItem(text, '')
  document.cookie = `planted=${text}`
  history.replaceState({ planted: text }, '', `#${text}`)
  window.name = text
  performance.mark(text)
  document.body.dataset['planted'] = text
  document.querySelector('input')!.value = text

  const cache = await caches.open('planted')
  await cache.put('/planted', new Response(text))
  await new Promise<void>((resolve, reject) => {
    const opening = indexedDB.open('planted')
    opening.onupgradeneeded = () => opening.result.createObjectStore('planted')
    opening.onerror = () => reject(opening.error ?? new Error('IndexedDB failed'))
    opening.onsuccess = () => {
      const database = opening.result
      const writing = database.transaction('planted', 'readwrite')
      writing.objectStore('planted').put({ deep: [text] }, 1)
      writing.oncomplete = () => {
        database.close()
        resolve()
      }
    }
  })
}

/** Puts the text where it can be reached from `window` in every way the search goes. */
export function plantInGlobals(text: string): void {
  class Client {
    get token(): string {
      return text
    }
  }
  Object.assign(window, {
    auth: { session: { token: text } },
    bytes: new TextEncoder().encode(text),
    client: new Client(),
    ready: Promise.resolve({ token: text }),
    [Symbol('auth')]: new Map([['key', [text]]]),
  })
  Object.assign(window.run, { last: text })
  Object.assign(document.body, { held: { token: text } })
}
