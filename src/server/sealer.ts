import { base64url } from 'jose'
import type { Random, Sealer } from './ports.js'
import { digest, mac, sameText } from './secrets.js'

const utf8 = new TextEncoder()

/** AES-256-GCM under a key that HKDF derives from the secret. */
export function createSealer(random: Random): Sealer {
  const keyOf = async (secret: string): Promise<CryptoKey> => {
    const base = await crypto.subtle.importKey('raw', utf8.encode(secret), 'HKDF', false, ['deriveKey'])
    const info = utf8.encode('latchkey: successor of a refresh token')
    const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
    return crypto.subtle.deriveKey(derivation, base, { name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ])
  }

  return {
    async seal(secret, text) {
      const iv = Uint8Array.from(random.bytes(12))
      const box = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await keyOf(secret), utf8.encode(text))
      return `${base64url.encode(iv)}.${base64url.encode(new Uint8Array(box))}`
    },
    async open(secret, sealed) {
      const [iv = '', box = ''] = sealed.split('.')
      const text = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv: Uint8Array.from(base64url.decode(iv)) },
        await keyOf(secret),
        Uint8Array.from(base64url.decode(box)),
      )
      return new TextDecoder().decode(text)
    },
  }
}

/** Notices the wrong secret and hides nothing: for tests and simulators only. */
export function createCheapSealer(): Sealer {
  return {
    seal: (secret, text) => `${mac(digest(secret), text)}.${text}`,
    open(secret, sealed) {
      const end = sealed.indexOf('.')
      const [tag, text] = [sealed.slice(0, end), sealed.slice(end + 1)]
      if (!sameText(mac(digest(secret), text), tag)) throw new Error('Failed to open: it is the wrong secret')
      return text
    },
  }
}
