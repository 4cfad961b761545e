import { parseArgs } from 'node:util'
import type { DemoOptions } from './demo.js'

export const USAGE = `npm run demo -- [options]

  --port <number>          where to listen, or the next free port after it (4380)
  --token-seconds <number> how long an access token lives (30)
  --insecure-cookies       cookies without Secure and __Host-, for Safari on http://localhost
  --data <folder>          where accounts and sessions are kept (node_modules/.latchkey/demo/<port>)
  --watch                  serve the sources and follow their changes
  --no-open                do not open a browser
  --help                   print this`

export interface CommandLine extends DemoOptions {
  readonly open: boolean
  readonly help: boolean
}

/** Reads the command line; throws a sentence about what is wrong with it. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      port: { type: 'string', default: '4380' },
      'token-seconds': { type: 'string', default: '30' },
      'insecure-cookies': { type: 'boolean', default: false },
      data: { type: 'string' },
      watch: { type: 'boolean', default: false },
      open: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    port: wholeNumber('--port', values.port, 0, 65_535),
    tokenSeconds: wholeNumber('--token-seconds', values['token-seconds'], 4, 86_400),
    insecureCookies: values['insecure-cookies'],
    data: values.data,
    watch: values.watch,
    open: values.open,
    help: values.help,
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new RangeError(`${option} must be a whole number from ${least} to ${most}, and "${text}" is not`)
}
