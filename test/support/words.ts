import { expect } from 'vitest'

/** Whether the tests run on the production build, which says code, line and link in the place of sentences. */
const isProduction = process.env['BUILD'] === 'production'

/** What the development build says, for `toEqual`: the production build must not say it. */
export function saying(sentence: string | RegExp): string {
  const match = isProduction ? expect.not : expect
  return (
    typeof sentence === 'string' ? match.stringContaining(sentence) : match.stringMatching(sentence)
  ) as string
}

/** An error that says so, for `toThrow`. */
export const errorSaying = (sentence: string | RegExp): Error =>
  expect.objectContaining({ message: saying(sentence) }) as Error
