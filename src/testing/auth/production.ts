/** Bundlers put a text in the place of `process.env.NODE_ENV`; where none did, there may be no `process`. */
declare const process: { readonly env: { readonly NODE_ENV?: string } }

function isProduction(): boolean {
  // Not behind `typeof process`, which bundlers leave as it is: in a page it would hide what they have put in.
  try {
    return process.env.NODE_ENV === 'production'
  } catch {
    return false
  }
}

/** Throws in a production build: nobody's app is to greet its visitors as the test user. The reference backend does not: the static demo is such a build. */
export function refuseProduction(allowed: boolean): void {
  if (allowed || !isProduction()) return
  throw new Error(
    'Failed to create the test auth: this is a production build, and all who open it would be the test user. ' +
      'Use createAuthClient() in the app. Where the build is meant for tests, such as a published Storybook, ' +
      'say so with `allowInProduction: true`.',
  )
}
