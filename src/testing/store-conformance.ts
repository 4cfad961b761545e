import type { ServerStore, Stored } from '../server/stores/store.js'
import { later, must, times } from './must.js'

/** A promise of every store. `run` rejects where it is not kept. */
export interface StoreCheck {
  readonly name: string
  run(): Promise<void>
}

export interface StoreConformanceOptions {
  /** Lets so many ms pass by the store's clock; by default it waits. */
  readonly advance?: ((ms: number) => Promise<void> | void) | undefined
}

/** Gives a store: on every call one more object, as another process would have it, on the same data. */
export type CreateStore = () => ServerStore | Promise<ServerStore>

const ODD = [
  'a:b|{|}|{}|}{|{a}b|a{b|\'|"|`|\\|%|%7B|_|*|?|[a]|$1|:a| | a|a |a\n|\t|\r|null|undefined|__proto__|0|00|-1|A|a|ä|a\u0308|Ä',
  '\u2028|\u200b|\u202eabc|ł|ß|ss|日本|🔑|🔑🔑|--|;--|/*',
].flatMap((names) => names.split('|'))

const UNFIT = ['', 'k'.repeat(257), 'a\0b', '\ud800', 'a\udc00']

const MINUTE = 60_000

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, step) => from + step)

/**
 * What a store promises, as checks to hand to any test runner: `for (const { name, run } of storeConformance(create)) it(name, run)`.
 * They use keys of their own, so that they may run beside each other and on data that is there.
 */
export function storeConformance(
  create: CreateStore,
  { advance = later }: StoreConformanceOptions = {},
): readonly StoreCheck[] {
  const checks: StoreCheck[] = []
  let made = 0
  const run = Math.random().toString(36).slice(2)
  const fresh = (): string => `check-${run}-${++made}`
  const nowOf = async (store: ServerStore): Promise<number> => (await store.userGeneration(fresh())).now
  const inAnHour = async (store: ServerStore): Promise<number> => Math.ceil(await nowOf(store)) + 60 * MINUTE

  const check = (name: string, judge: (store: ServerStore, other: ServerStore) => Promise<void>): void => {
    checks.push({ name, run: async () => judge(await create(), await create()) })
  }

  /** What stands there, which must be something. */
  const there = async (store: ServerStore, key: string): Promise<Stored> => {
    const stored = await store.get(key)
    must(stored !== undefined, 'what was put is there')
    return stored
  }

  const put = async (store: ServerStore, key: string, value = 'value'): Promise<Stored> => {
    must(
      await store.put(key, value, { expiresAt: await inAnHour(store) }),
      'a key where nothing stands is written',
    )
    return there(store, key)
  }

  /** Puts what is over a moment later, by the store's own time: late enough that it can be seen before. */
  const putAndOutlive = async (store: ServerStore, key: string): Promise<Stored> => {
    let stored: Stored | undefined
    for (let life = 200; stored === undefined; life *= 2) {
      const expiresAt = Math.ceil(await nowOf(store)) + life
      must(await store.put(key, 'brief', { expiresAt }), 'a key where nothing stands is written')
      stored = await store.get(key)
      for (let now = await nowOf(store); now < expiresAt; now = await nowOf(store)) {
        await advance(Math.ceil(expiresAt - now))
      }
    }
    return stored
  }

  const allOf = async (store: ServerStore, userId: string): Promise<string[]> => {
    const found = new Set<string>()
    let cursor: string | undefined
    do {
      const page = await store.sessionsOf(userId, cursor)
      for (const key of page.keys) found.add(key)
      cursor = page.cursor
    } while (cursor !== undefined)
    return [...found].sort()
  }

  check('what was put is got by everybody, with a version and the store’s time', async (store, other) => {
    const key = fresh()
    must((await store.get(key)) === undefined, 'where nothing was put there is nothing')
    const before = await nowOf(store)
    await put(store, key)
    const { value, version, now } = await there(other, key)
    must(value === 'value', 'the value is the one that was put', value)
    must(typeof version === 'string' && version !== '', 'a version is a text', version)
    must(now >= before && now <= (await nowOf(store)), 'time does not run back between two calls', [
      before,
      now,
    ])
  })

  check('S06 a put with a version never inserts', async (store, other) => {
    const key = fresh()
    const expiresAt = await inAnHour(store)
    for (const ifVersion of ['', '0', '1', 'undefined']) {
      must(!(await store.put(key, 'x', { ifVersion, expiresAt })), 'nothing is written where nothing stands')
    }
    const { version } = await put(store, key)
    must((await other.take(key))?.value === 'value', 'what is taken is given')
    must(
      !(await store.put(key, 'revived', { ifVersion: version, expiresAt })),
      'what was taken is not revived',
    )
    must((await other.get(key)) === undefined, 'what was taken stays away')

    const brief = fresh()
    const over = await putAndOutlive(store, brief)
    must(
      !(await store.put(brief, 'revived', { ifVersion: over.version, expiresAt })),
      'what has expired is not revived',
    )
    must((await store.get(brief)) === undefined, 'what has expired stays away')
  })

  check(
    'a put without a version writes only where nothing lives, of twenty at once the first',
    async (store, other) => {
      const key = fresh()
      const expiresAt = await inAnHour(store)
      const written = await times(20, (index) =>
        (index % 2 ? store : other).put(key, String(index), { expiresAt }),
      )
      must(written.filter(Boolean).length === 1, 'one of twenty inserts', written)
      const { value } = await there(store, key)
      must(value === String(written.indexOf(true)), 'who was told so has written', value)
      must(!(await store.put(key, 'again', { expiresAt })), 'nothing is written over what lives')
      must((await there(store, key)).value === value, 'what lives stays')
      await putAndOutlive(store, `${key}-brief`)
      must(await store.put(`${key}-brief`, 'anew', { expiresAt }), 'it is written over what has expired')
      must((await there(other, `${key}-brief`)).value === 'anew', 'what was written anew is there')
    },
  )

  check('S24 no two versions of a key are the same, and they are compared as texts', async (store) => {
    const key = fresh()
    const { version } = await put(store, key)
    const expiresAt = await inAnHour(store)
    const neighbours = [`0${version}`, `${version}0`, `${version}.0`, ` ${version}`, version.slice(0, -1)]
    neighbours.push(version.toUpperCase() === version ? '9007199254740993' : version.toUpperCase())
    if (/^\d+$/.test(version)) neighbours.push(String(BigInt(version) + 1n), `+${version}`)
    for (const ifVersion of neighbours) {
      must(
        !(await store.put(key, 'x', { ifVersion, expiresAt })),
        'another version is not this one',
        ifVersion,
      )
    }
    const seen = [version]
    for (let round = 0; round < 5; round++) {
      must(
        await store.put(key, 'value', { ifVersion: seen.at(-1), expiresAt }),
        'the version that stands is written over',
      )
      seen.push((await there(store, key)).version)
    }
    for (let round = 0; round < 5; round++) {
      await store.take(key)
      seen.push((await put(store, key)).version)
    }
    must(
      new Set(seen).size === seen.length,
      'every write makes another version, also of the same value',
      seen,
    )
  })

  check('what has expired is as if it were not there, by the store’s time', async (store, other) => {
    const key = fresh()
    await putAndOutlive(store, key)
    must((await other.get(key)) === undefined, 'what has expired is not got')
    must((await other.take(key)) === undefined, 'what has expired is not taken')

    const moved = fresh()
    const { version, now } = await put(store, moved)
    const expiresAt = Math.ceil(now) + 300
    must(await store.put(moved, 'sooner', { ifVersion: version, expiresAt }), 'an end may come nearer')
    for (;;) {
      const stored = await store.get(moved)
      if (stored === undefined) break
      must(stored.now < expiresAt, 'nothing is got at its end or after it', stored)
      await advance(50)
    }
    must((await nowOf(store)) >= expiresAt, 'nothing goes before its end')

    const past = fresh()
    await store.put(past, 'late', { expiresAt: Math.floor(now) - 1 })
    must((await store.get(past)) === undefined, 'what ended before it was put is not there')
    const living = await put(store, past)
    await store.put(past, 'ended', { ifVersion: living.version, expiresAt: Math.floor(now) - 1 })
    must((await store.get(past)) === undefined, 'what is put to have ended is gone')
    await put(store, past)
  })

  check('S12 of fifty who take one gets it', async (store, other) => {
    const key = fresh()
    const { version } = await put(store, key)
    const taken = await times(50, (index) => (index % 2 ? store : other).take(key))
    const got = taken.filter((stored) => stored !== undefined)
    must(got.length === 1, 'one of fifty takes', got)
    must(got[0]!.value === 'value' && got[0]!.version === version, 'the one who takes gets it all', got)
    must((await store.get(key)) === undefined, 'what was taken is gone')
  })

  check('S13 of a hundred counts at once none is lost, within one window', async (store, other) => {
    const key = fresh()
    const counted = await times(100, (index) => (index % 2 ? store : other).count(key, MINUTE))
    const counts = counted.map(({ count }) => count).sort((a, b) => a - b)
    must(counts.join() === numbers(1, 100).join(), 'each gets a number of its own', counts)
    const ends = new Set(counted.map(({ endsAt }) => endsAt))
    must(ends.size === 1, 'the window ends when the first has said', [...ends])
    const [{ endsAt, now }] = [await store.count(key, 5 * MINUTE)]
    must(endsAt > now && endsAt <= now + MINUTE, 'a later count does not move the end', { endsAt, now })
    must((await store.count(fresh(), MINUTE)).count === 1, 'another key is counted by itself')
    must((await store.get(key)) === undefined, 'a count is nothing that can be got')
    await put(store, key)
    must((await store.count(key, MINUTE)).count === 102, 'and nothing that a put touches')
  })

  check('S13 a count begins anew when its window has ended', async (store) => {
    const key = fresh()
    const first = await store.count(key, 300)
    let found = first
    while (found.now < first.endsAt) {
      await advance(60)
      const before = found
      found = await store.count(key, 300)
      const isSame = found.now < first.endsAt
      must(found.count === (isSame ? before.count + 1 : 1), 'the count is of its window', [before, found])
    }
    must(
      found.endsAt > first.endsAt && found.endsAt <= found.now + 300,
      'the new window has an end of its own',
      found,
    )
  })

  check('S02 of two who write over one version one does', async (store, other) => {
    const key = fresh()
    await put(store, key)
    for (let round = 0; round < 10; round++) {
      const [one, two] = await Promise.all([there(store, key), there(other, key)])
      const expiresAt = await inAnHour(store)
      const written = await Promise.all([
        store.put(key, `one ${round}`, { ifVersion: one.version, expiresAt }),
        other.put(key, `two ${round}`, { ifVersion: two.version, expiresAt }),
      ])
      must(written[0] !== written[1], 'one of two writes', written)
      const { value } = await there(store, key)
      must(value === `${written[0] ? 'one' : 'two'} ${round}`, 'who was told so has written', value)
    }
  })

  check('S02 S07 two hundred who read, add one and write add two hundred', async (store, other) => {
    const key = fresh()
    await put(store, key, '0')
    const expiresAt = await inAnHour(store)
    const first = await times(200, (index) => there(index % 2 ? store : other, key))
    await times(200, async (index) => {
      const mine = index % 2 ? store : other
      for (let read = first[index]!; ; read = await there(mine, key)) {
        const value = String(Number(read.value) + 1)
        if (await mine.put(key, value, { ifVersion: read.version, expiresAt })) return
        await later(Math.random() * 800)
      }
    })
    must((await there(store, key)).value === '200', 'no addition is lost', (await store.get(key))?.value)
  })

  check('S09 the generation of a user only rises, and is another after each bump', async (store, other) => {
    const userId = fresh()
    must((await store.userGeneration(userId)).generation === 0, 'it begins at 0')
    const given = await times(50, (index) => (index % 2 ? store : other).bumpUser(userId))
    must(new Set(given).size === 50, 'every bump gives one of its own', given)
    const highest = Math.max(...given)
    must(
      Math.min(...given) > 0 && Number.isSafeInteger(highest),
      'generations are whole numbers above 0',
      given,
    )
    must((await store.userGeneration(userId)).generation === highest, 'the highest is the one that counts')
    must((await other.bumpUser(userId)) > highest, 'the next is above all before')
    must((await store.userGeneration(fresh())).generation === 0, 'nobody else’s changes')
  })

  check(
    'S14 a bump that says how far it goes changes nothing when it lands late or twice',
    async (store, other) => {
      const userId = fresh()
      const at = Math.ceil(await nowOf(store)) + 5
      must((await store.bumpUser(userId, at)) === at, 'it goes as far as it says')
      must((await other.bumpUser(userId, at)) === at, 'and no further when it comes again')
      const later = await store.bumpUser(userId)
      must(later > at, 'one without goes above', later)
      must(
        (await other.bumpUser(userId, at)) === later,
        'and one that was under way since before changes nothing',
      )
    },
  )

  check('S08 all sessions of a user are listed, a page at a time', async (store, other) => {
    const userId = fresh()
    const expiresAt = await inAnHour(store)
    const keys = Array.from({ length: 250 }, fresh).sort()
    must((await allOf(store, userId)).length === 0, 'who has none has none')
    await times(250, (index) =>
      (index % 2 ? store : other).put(keys[index]!, 'session', { expiresAt, userId }),
    )
    must((await allOf(other, userId)).join() === keys.join(), 'none is missing and none is invented')
    must((await allOf(store, fresh())).length === 0, 'nobody else has them')

    const page = await store.sessionsOf(userId)
    const found = new Set(page.keys)
    await times(50, () => other.put(fresh(), 'session', { expiresAt, userId }))
    let cursor: string | undefined = page.cursor
    while (cursor !== undefined) {
      const next = await store.sessionsOf(userId, cursor)
      for (const key of next.keys) found.add(key)
      cursor = next.cursor
    }
    must(
      keys.every((key) => found.has(key)),
      'who was there when the listing began is listed, whoever signs in meanwhile',
    )
  })

  check('S08 a session stays listed while it is written, and is not when it has expired', async (store) => {
    const userId = fresh()
    const [key, brief] = [fresh(), fresh()]
    const expiresAt = await inAnHour(store)
    await store.put(key, 'session', { expiresAt, userId })
    const now = Math.ceil(await nowOf(store))
    await store.put(brief, 'session', { expiresAt: now + 300, userId })
    for (const owner of [undefined, userId]) {
      const { version } = await there(store, key)
      must(
        await store.put(key, 'touched', { ifVersion: version, expiresAt, userId: owner }),
        'it is written over',
      )
      must((await allOf(store, userId)).includes(key), 'whoever touches a session keeps it listed')
    }
    while ((await nowOf(store)) < now + 300) await advance(50)
    must((await allOf(store, userId)).join() === key, 'what has expired is not listed')
  })

  check('S10 S22 a sweep deletes no more than it may, and nothing that lives', async (store, other) => {
    const userId = fresh()
    const expiresAt = await inAnHour(store)
    const living = Array.from({ length: 10 }, fresh)
    await times(10, (index) => store.put(living[index]!, 'lives', { expiresAt, userId }))
    const counted = fresh()
    await store.count(counted, MINUTE)
    const now = Math.ceil(await nowOf(store))
    await times(30, () => store.put(fresh(), 'brief', { expiresAt: now + 1 }))
    await times(10, () => store.count(fresh(), 1))
    while ((await nowOf(store)) <= now + 1) await advance(5)

    must((await store.sweep(0)) === 0, 'whoever may delete none deletes none')
    for (let swept = -1; swept !== 0;) {
      const both = await Promise.all([store.sweep(7), other.sweep(7)])
      must(
        both.every((count) => count >= 0 && count <= 7),
        'a sweep keeps to its limit',
        both,
      )
      swept = both[0] + both[1]
    }
    for (const key of living) await there(store, key)
    must((await allOf(store, userId)).length === 10, 'what lives stays listed')
    must((await store.count(counted, MINUTE)).count === 2, 'what still counts goes on')
  })

  check('keys and users of all letters are kept apart', async (store) => {
    const mark = fresh()
    const expiresAt = await inAnHour(store)
    const longest = ['k', '日', '🔑'].map(
      (letter) => mark + letter.repeat((256 - mark.length) / letter.length),
    )
    const named = [...ODD.map((odd) => `${odd}-${mark}`), ...ODD.map((odd) => `${mark}-${odd}`), ...longest]
    await times(named.length, async (index) => {
      const name = named[index]!
      const wrote = await store.put(name, `value of ${name}`, { expiresAt, userId: name })
      must(wrote, 'a key where nothing stands is written', name)
    })
    await times(named.length, async (index) => {
      const name = named[index]!
      must((await there(store, name)).value === `value of ${name}`, 'it holds its own value', name)
      const listed = await allOf(store, name)
      must(listed.length === 1 && listed[0] === name, 'its user has it and no other', [name, listed])
      const count = await store.count(name, MINUTE)
      must(count.count === 1, 'it is counted by itself', name)
      await store.bumpUser(name)
    })
    for (const name of named)
      must((await store.take(name))?.value === `value of ${name}`, 'it can be taken', name)
  })

  check('values of all letters and of a megabyte come back as they were', async (store) => {
    const odd = ODD.join('')
    const values = [
      '',
      ' ',
      odd,
      odd.repeat(Math.ceil(1_000_000 / odd.length)),
      'x'.repeat(1_000_000),
      '{"a":"\\u0000"}',
    ]
    for (const value of values) {
      const key = fresh()
      const stored = await put(store, key, value)
      must(stored.value === value, 'a value comes back as it was', value.slice(0, 50))
      must((await store.take(key))?.value === value, 'and is taken as it was', value.slice(0, 50))
    }
  })

  check('S10 S24 what not every store can keep is refused by all', async (store) => {
    const expiresAt = await inAnHour(store)
    const isRefused = async (call: () => Promise<unknown>, what: string): Promise<void> => {
      const error = await call().then(
        () => undefined,
        (reason: unknown) => reason,
      )
      must(error instanceof TypeError, `${what} is refused with a TypeError`, String(error))
    }
    for (const unfit of UNFIT) {
      const what = `the name ${JSON.stringify(unfit.slice(0, 10))}`
      await isRefused(() => store.get(unfit), what)
      await isRefused(() => store.put(unfit, 'x', { expiresAt }), what)
      await isRefused(() => store.put(fresh(), 'x', { expiresAt, userId: unfit }), what)
      await isRefused(() => store.take(unfit), what)
      await isRefused(() => store.count(unfit, MINUTE), what)
      await isRefused(() => store.sessionsOf(unfit), what)
      await isRefused(() => store.bumpUser(unfit), what)
      await isRefused(() => store.userGeneration(unfit), what)
    }
    for (const wrong of [Number.POSITIVE_INFINITY, Number.NaN, 1.5, -1, 2 ** 53]) {
      await isRefused(() => store.put(fresh(), 'x', { expiresAt: wrong }), `an end at ${wrong}`)
      await isRefused(() => store.count(fresh(), wrong), `a window of ${wrong} ms`)
    }
    await isRefused(() => store.put(fresh(), 'a\0b', { expiresAt }), 'a value with NUL')
  })

  return checks
}
