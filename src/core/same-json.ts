/** Whether two values say the same as JSON; what cannot be said in it is the same as itself alone. */
export function sameJson(a: unknown, b: unknown): boolean {
  try {
    return a === b || JSON.stringify(a) === JSON.stringify(b)
  } catch {
    // A user with a cycle or a bigint, from a parser of the application or a sibling: taken as other data.
    return false
  }
}
