import { render } from '@testing-library/react'
import type { TestAuth } from 'latchkey/testing'
import type { ComponentType } from 'react'
import { describe, expect, it } from 'vitest'
import { runFence, runnable } from './run.ts'

const fences = await runnable('docs/testing.md')

// Tests in a fence are tests of this file.
for (const fence of fences.filter(({ code }) => code.includes("from 'vitest'"))) {
  describe(`docs/testing.md:${fence.line}`, async () => void (await runFence(fence)))
}

it('R89 the code of the guide that has no test of its own runs', async () => {
  const others = fences.filter(({ code }) => !code.includes("from 'vitest'"))
  expect(others).toHaveLength(3)
  for (const fence of others) expect(Object.keys(await runFence(fence))).not.toEqual([])
})

interface Stories {
  readonly default: {
    readonly component: ComponentType
    readonly decorators: readonly ((Story: ComponentType, context: Story) => React.ReactNode)[]
  }
  readonly [name: string]: Story | Stories['default']
}
interface Story {
  readonly parameters: { readonly auth: TestAuth }
}

it('R89 the stories of the guide show what their names say', async () => {
  const fence = fences.find(({ code }) => code.includes('decorators:'))
  const { default: meta, ...stories } = (await runFence(fence!)) as unknown as Stories
  const shown = Object.entries(stories).map(([name, story]) => {
    const { container } = render(meta.decorators[0]!(meta.component, story as Story))
    return [name, container.textContent]
  })
  expect(Object.fromEntries(shown)).toEqual({ Somebody: 'Sign out', Nobody: 'Sign in', NotKnownYet: '' })
})
