/* A certificate that signs itself, made when a test wants https and thrown away after. Browsers have to be told to take it. */
import { generateKeyPairSync, sign } from 'node:crypto'

/** One element of DER (X.690): tag, length, and what is in it. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

const [INTEGER, BITS, ID, TEXT, TIME, SEQUENCE, SET] = [2, 3, 6, 12, 23, 0x30, 0x31] as const
const ECDSA_WITH_SHA256 = der(SEQUENCE, der(ID, Buffer.from('2a8648ce3d040302', 'hex')))
const COMMON_NAME = der(ID, Buffer.from('550403', 'hex'))

function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/\D/g, '').slice(2, 14)
  return der(TIME, Buffer.from(`${digits}Z`))
}

/** Good for a day from yesterday on (RFC 5280, 4.1). */
export function selfSigned(): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(TEXT, Buffer.from('localhost')))))
  const [day, now] = [86_400_000, Date.now()]
  const content = der(
    SEQUENCE,
    der(INTEGER, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    name,
    der(SEQUENCE, time(new Date(now - day)), time(new Date(now + day))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = sign('sha256', content, privateKey)
  const whole = der(SEQUENCE, content, ECDSA_WITH_SHA256, der(BITS, Buffer.from([0]), signature))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`,
  }
}
