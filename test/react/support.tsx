/* A page that React renders, and what React and the hooks have to say about it. */
import * as React from 'react'
import { type ReactNode, StrictMode } from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import * as testUtils from 'react-dom/test-utils'
import { afterEach, beforeEach, vi } from 'vitest'
import { settle } from '../support/kit.js'

/** Whether the tree stands in StrictMode, which mounts everything twice. */
export const MODES = [
  ['plain', false],
  ['StrictMode', true],
] as const

/** React 18.2 has it elsewhere. */
const { act } = 'act' in React ? React : testUtils

export interface Page {
  readonly container: HTMLElement
  text(): string
  show(node: ReactNode): Promise<void>
  unmount(): Promise<void>
}

/** Lets React and the client do all that does not need the clock. */
export async function turn(run: () => unknown = () => {}): Promise<void> {
  await act(async () => {
    await run()
    await settle()
  })
}

const pages: Page[] = []

function pageOf(container: HTMLElement, root: Root, strict: boolean): Page {
  const page: Page = {
    container,
    text: () => container.textContent,
    show: (node) => turn(() => root.render(strict ? <StrictMode>{node}</StrictMode> : node)),
    unmount: () => turn(() => root.unmount()),
  }
  pages.push(page)
  return page
}

export async function mount(node: ReactNode, strict = false): Promise<Page> {
  const container = document.body.appendChild(document.createElement('div'))
  const page = pageOf(container, createRoot(container), strict)
  await page.show(node)
  return page
}

/** Takes over what a server has rendered. `recovered` are the differences React found and mended. */
export async function hydrate(
  html: string,
  node: ReactNode,
  strict = false,
): Promise<Page & { readonly recovered: unknown[] }> {
  const container = document.body.appendChild(document.createElement('div'))
  container.innerHTML = html
  const recovered: unknown[] = []
  let root!: Root
  await turn(() => {
    root = hydrateRoot(container, strict ? <StrictMode>{node}</StrictMode> : node, {
      onRecoverableError: (error) => void recovered.push(error),
    })
  })
  return Object.assign(pageOf(container, root, strict), { recovered })
}

/** What was handed to `reportError`, and what React said on the console, of the running test. */
export const reported: unknown[] = []
export const warnings: string[] = []

export function watchFaults(): void {
  beforeEach(() => {
    vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
    vi.stubGlobal('reportError', (error: unknown) => void reported.push(error))
    vi.spyOn(console, 'error').mockImplementation(
      (...parts: unknown[]) => void warnings.push(parts.join(' ')),
    )
  })
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.unmount()
    document.body.replaceChildren()
    reported.length = 0
    warnings.length = 0
  })
}

/** The sentences that were reported. */
export const sentences = (): string[] =>
  reported.map((error) => (error instanceof Error ? error.message : String(error)))
