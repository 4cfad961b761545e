import { oneOf } from '../core/checks.js'
import { AuthError, isA } from '../errors.js'
import { linked, within } from '../plumbing/waiting.js'
import { judgeGrant } from '../wire/answers.js'
import { csrfToken } from '../wire/csrf.js'
import { mayReceiveCredential, resolve } from '../wire/destinations.js'
import { baseUrl, isDone, readReply } from '../wire/endpoints.js'
import { EXCHANGE, WRONG_EXCHANGE } from '../words.js'
import { lookFor, stepIn, USELESS } from './login-answer.js'
import { signIn } from './login.js'

/** What an exchange needs of what is loaded anyway: an import from there would cut every bundle of the client in two. */
export const LOADED = {
  AuthError,
  EXCHANGE,
  USELESS,
  WRONG_EXCHANGE,
  baseUrl,
  csrfToken,
  isA,
  isDone,
  judgeGrant,
  linked,
  lookFor,
  mayReceiveCredential,
  oneOf,
  readReply,
  resolve,
  signIn,
  stepIn,
  within,
}
