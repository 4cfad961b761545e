/* What the production build says in the place of `words.ts`, and where to read on. */
import { HELP } from '../help.js'
import type * as words from './words.js'

export const NO_CLIENT = `No auth client is provided. ${HELP}no-client`
export const selectorThrew: typeof words.selectorThrew = (status) =>
  `The selector of useAuth() threw on "${status}". ${HELP}selector`
