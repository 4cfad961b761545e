/* What is loaded for a developer alone, and when it is needed. */
export { diagnose, verifyLogout } from './diagnose.js'
export { explain } from './explain.js'
export { csrfMissing, logoutRefused, renamed, shortLived, strayed } from './hints.js'
