/** What the act gives, or a rejection once that many seconds have passed; its signal is aborted in any case. */
export async function within<T>(seconds: number, act: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${seconds} s`)), seconds * 1000)
  })
  try {
    return await Promise.race([(async () => act(controller.signal))(), late])
  } finally {
    clearTimeout(timer)
    controller.abort()
  }
}
