import { digest, mac, newId, sameText } from './secrets.js'
import type { Settings } from './settings.js'

/** A browser in which somebody has signed in before, as its cookie says. */
export interface Device {
  readonly id: string
  /** Who that was, as hashes that are worth nothing elsewhere: the last first. */
  readonly users: readonly string[]
}

/**
 * Knows the browsers in which somebody has signed in before, so that strangers who guess at his password do not keep him out (OWASP's device cookies).
 * Nothing is stored but in the cookie, which outlives sign-outs and says nothing about whom it is of.
 */
export interface Devices {
  /** Undefined for a browser without, and for a cookie that is none of ours. */
  read(value: string | undefined): Device | undefined
  /** Whether he has signed in there. */
  knows(device: Device, userId: string): boolean
  /** The cookie's value once he has. */
  write(device: Device | undefined, userId: string): string
}

/** People who share a browser. The cookie has to stay small. */
const MOST_USERS = 3
const FORM = /^([\w-]{22})((?:\.[\w-]{22}){1,3})\.([\w-]{43})$/

export function createDevices({ deviceKeys, random }: Pick<Settings, 'deviceKeys' | 'random'>): Devices {
  const [newest = ''] = deviceKeys
  const nameOf = (id: string, userId: string): string => digest(`${id} ${userId}`).slice(0, 22)

  return {
    read(value = '') {
      const [, id = '', users = '', tag = ''] = FORM.exec(value) ?? []
      const isOurs = deviceKeys.some((key) => sameText(mac(key, id + users), tag))
      return isOurs && id !== '' ? { id, users: users.slice(1).split('.') } : undefined
    },
    knows: ({ id, users }, userId) => users.includes(nameOf(id, userId)),
    write(device, userId) {
      const id = device?.id ?? newId(random)
      const name = nameOf(id, userId)
      const others = (device?.users ?? []).filter((one) => one !== name)
      const text = [id, name, ...others.slice(0, MOST_USERS - 1)].join('.')
      return `${text}.${mac(newest, text)}`
    },
  }
}
