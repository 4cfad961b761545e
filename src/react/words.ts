/* What the development build says to a developer; `words.production.ts` takes the place of this file. */

export const NO_CLIENT =
  'Failed to use the auth client: none is provided. Put <AuthProvider client={auth}> around the app, ' +
  'with what createAuthClient() returned.'

export const selectorThrew = (status: string): string =>
  `Failed to select from the auth state: the selector of useAuth() threw on "${status}". ` +
  'Check `status` first: only "authenticated" has a `user`.'
