/** Hands a fault of the application's own code to where its faults go, without letting it break the render. */
export function report(error: unknown): void {
  const tell = globalThis.reportError ?? console.error
  tell(error)
}
