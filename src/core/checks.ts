/* Of what came from outside, whether it is what it should be. */

export const oneOf = <const T extends string>(values: readonly T[], value: unknown): T | undefined =>
  values.find((candidate) => candidate === value)

export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

export const isHandle = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 512

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
