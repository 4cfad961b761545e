/** By chance, so that no row is seen in a version that it had before, also where it was deleted and put anew. */
export function newVersion(): string {
  return crypto.randomUUID()
}
