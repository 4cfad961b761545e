/* Runs what stands in a document, as it stands there. */
import type { Fence } from '../tools/markdown.ts'

/** The code of a document that can run here: what is for Playwright runs in e2e/guide.spec.ts. */
export async function runnable(file: string): Promise<readonly Fence[]> {
  const { default: fences } = (await import(/* @vite-ignore */ `fence:${file}.ts`)) as { default: Fence[] }
  return fences.filter(({ info, code }) => /^tsx?$/.test(info) && !code.includes("'@playwright/test'"))
}

/** Runs a fence; tests in it become tests of the file that calls this. Gives what it exports. */
export const runFence = ({ file, line, info }: Fence): Promise<Record<string, unknown>> =>
  import(/* @vite-ignore */ `fence:${file}:${line}.${info}`) as Promise<Record<string, unknown>>
