import { builtFolder, buildSources } from './builds.ts'

/** Before tests that run on the production build. */
export default async function setup(): Promise<void> {
  await buildSources('production', builtFolder('production'))
}
