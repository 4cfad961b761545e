/**
 * Where a message of the production build sends its reader, a heading behind it. The page comes with the package, since no repository is
 * named yet; once one is, this is the one place to name it.
 */
export const HELP = 'node_modules/latchkey/docs/errors.md#'
