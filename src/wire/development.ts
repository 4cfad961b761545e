import { AuthError } from '../errors.js'
import { isLoopback } from '../options/urls.js'
import { BEGIN } from '../words.js'
import type { Context } from '../plumbing/context.js'
import type * as Developers from './for-developers.js'
import { baseUrl, endpointUrl } from './endpoints.js'
import { within } from '../plumbing/waiting.js'

/** What the module for developers needs of what is loaded anyway: an import from there would cut every bundle of the client in two. */
export const LOADED = { AuthError, BEGIN, baseUrl, endpointUrl, isDevelopment, isLoopback, within }

/** Whether a developer sits before the page. */
function isDevelopment({ options, ports }: Context): boolean {
  const page = ports.page.url()
  return options.development ?? (page !== undefined && isLoopback(new URL(page).hostname))
}

/** Looks for what a developer should know, with what is loaded for him alone, and troubles nobody where that fails. */
export async function inDevelopment<T>(
  context: Context,
  look: (diagnose: typeof Developers) => T | Promise<T>,
): Promise<T | undefined> {
  if (!isDevelopment(context)) return undefined
  try {
    return await look(await import('./for-developers.js'))
  } catch {
    return undefined
  }
}
