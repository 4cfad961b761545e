import { mac, sameText } from './secrets.js'

/** One value of a credential cookie, taken apart. */
export interface Member {
  /** Of the session. */
  readonly id: string
  /** How often the session's cookie had been renewed when it was made. */
  readonly generation: number
  readonly secret: string
}

/**
 * Writes and reads the values of credential cookies: `id.generation.secret.tag`. The tag proves that we made the value, so that no list
 * of all that was ever given out is needed, and a secret invented for a session id that pages know ends nothing.
 */
export interface Members {
  write(member: Member): string
  /** Undefined for a value that was not made here. */
  read(value: string): Member | undefined
}

const FORM = /^([\w-]{1,64})\.(\d{1,9})\.([\w-]{16,64})\.([\w-]{43})$/

/** Values are made with the first key, and those of all are read: so keys change without a sign-out. */
export function createMembers(keys: readonly string[]): Members {
  const [newest = ''] = keys
  return {
    write({ id, generation, secret }) {
      const text = `${id}.${generation}.${secret}`
      return `${text}.${mac(newest, text)}`
    },
    read(value) {
      const [, id = '', generation, secret = '', tag = ''] = FORM.exec(value) ?? []
      if (generation === undefined) return undefined
      const text = `${id}.${generation}.${secret}`
      if (!keys.some((key) => sameText(mac(key, text), tag))) return undefined
      return { id, generation: Number(generation), secret }
    },
  }
}
