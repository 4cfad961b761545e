import type { Chance } from '../core/ports.js'

export const browserChance: Chance = {
  fraction: () => Math.random(),
  // randomUUID is missing on insecure origins, getRandomValues is not.
  id: () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join(''),
}
