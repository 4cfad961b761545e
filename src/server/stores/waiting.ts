export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Longer with every try, and by chance, so that those who met once do not meet again. */
export const backOff = (tries: number): Promise<void> =>
  pause(1 + Math.random() * Math.min(50, 2 ** Math.min(tries, 10)))
