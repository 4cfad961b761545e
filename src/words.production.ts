/*
 * What the production build says in the place of `words.ts`: code, method, path, status, and where to read on. The names of the
 * timeline's entries stay: reports are made in production.
 */
import { HELP } from './help.js'
import type * as words from './words.js'

export const messageOf: typeof words.messageOf = (code, { said = '', status, sentence }) =>
  [code, said, !said.includes(`${status ?? ''}`) && status, sentence].filter(Boolean).join(': ') +
  `. ${HELP}${code}`

export const wrongOption: typeof words.wrongOption = (option) => `Option "${option}" is wrong. ${HELP}option`
export const unknownOption: typeof words.unknownOption = (prefix, stranger) =>
  `No option "${prefix}${stranger}". ${HELP}option`
export const wrongEvent: typeof words.wrongEvent = (name) => `No event "${name}". ${HELP}call`
export const WRONG_VALIDITY = `Wrong "minValidity". ${HELP}call`
export const WRONG_CREDENTIALS = `Credentials are no JSON. ${HELP}call`
export const WRONG_EXCHANGE = `No function. ${HELP}call`
export const NO_ID = 'No id'

export const notHere: typeof words.notHere = (missing) =>
  `Not available: ${missing.join(', ')}. ${HELP}browser`
export const LOCKS = 'Web Locks'
export const STORAGE = 'localStorage'
export const redirectedTo: typeof words.redirectedTo = (origin) => origin
export const originAlone = (): undefined => undefined

const NONE = undefined
export {
  NONE as ARRAY,
  NONE as BEGIN,
  NONE as BOOLEAN,
  NONE as COOKIE_TWICE,
  NONE as CSRF,
  NONE as CSRF_REFUSAL,
  NONE as CSRF_TWICE,
  NONE as DIAGNOSE,
  NONE as EXCHANGE,
  NONE as FUNCTION,
  NONE as GET_TOKEN,
  NONE as HEADER,
  NONE as HINT,
  NONE as LOG_IN,
  NONE as LOG_OUT,
  NONE as MILLISECONDS,
  NONE as MODE,
  NONE as NAME,
  NONE as OBJECT,
  NONE as ORIGINS,
  NONE as PATH,
  NONE as PATHS,
  NONE as PROOF,
  NONE as REFRESH,
  NONE as REFUSAL,
  NONE as REPLAY,
  NONE as RESTORE,
  NONE as RESTORES,
  NONE as ROTATION,
  NONE as SECONDS,
  NONE as SECONDS_ABOVE_ZERO,
  NONE as SEND,
  NONE as SENTENCES,
  NONE as SESSION,
  NONE as SESSION_PATH,
  NONE as TWICE,
  NONE as URL_ABSOLUTE,
  NONE as URL_PLAIN,
  NONE as URL_SECURE,
}
