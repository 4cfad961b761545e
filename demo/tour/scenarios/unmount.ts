import type { Scenario } from '../scenario.js'
import { shop, watchShop } from '../watch-shop.js'

const DRAFT = 'Ann Baker, née M'

export const unmount: Scenario = {
  id: 'unmount',
  title: 'A silent refresh that empties the form',
  usual:
    'The auth library sets “loading” while it refreshes. The guard around the page shows a spinner for a moment, everything below it is mounted anew, and the half-written form is gone.',
  here: 'A refresh changes neither the state nor the identity of the user, so nothing renders. The form keeps its text, its caret, and its place.',
  async run(stage) {
    const field = await stage.step('Begin to type in the profile form, and stop', async () => {
      location.hash = 'profile'
      const find = (): HTMLInputElement | null => shop().querySelector('#name:enabled')
      await stage.until('the profile form', () => find() !== null)
      const input = find()!
      type(input, DRAFT)
      input.setSelectionRange(4, 9)
      return input
    })
    const other = await stage.step('Open a second tab', () => stage.open())
    const changes = watchShop()
    const counted = await stage.counted(() =>
      stage.step('Renew the token five times, in both tabs', async () => {
        for (const tab of [stage.here, other, stage.here, other, stage.here]) await tab.do('refresh')
      }),
    )
    const times = changes.stop()
    stage.expect('Renewals at the server', counted.renewals === 5, counted.renewals)
    stage.expect('Changes to the page', times === 0, times)
    const same = shop().querySelector('#name') === field
    stage.expect('The field', same, same ? 'the same element' : 'another element')
    stage.expect('The text in it', field.value === DRAFT, `“${field.value}”`)
    const caret = `${field.selectionStart}–${field.selectionEnd}`
    stage.expect('The selection in it', caret === '4–9', caret)
    type(field, 'Ann Baker')
  },
}

/** As a person does it, for React, which follows inputs by their events. */
function type(input: HTMLInputElement, text: string): void {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(input, text)
  input.dispatchEvent(new InputEvent('input', { bubbles: true }))
}
