import { useRef, useState } from 'react'
import { Spinner } from '../app/icons.js'
import { SILENT } from './server.js'

interface ChoiceProps<Value extends string> {
  readonly legend: string
  /** Of the group, in the form sense. */
  readonly name: string
  readonly values: readonly Value[]
  readonly names: Readonly<Record<Value, string>>
  /** Which one the server says is on; undefined while it has said nothing yet. */
  readonly now: Value | undefined
  /** Those that are no ordinary ones. */
  readonly isBad?: (value: Value) => boolean
  hintOf(value: Value): string
  ask(value: Value): Promise<unknown>
}

/** A choice that the server has to agree to. */
export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  const { legend, name, values, names, now, isBad, hintOf, ask } = props
  const [wish, setWish] = useState<Value>()
  const [failed, setFailed] = useState(false)
  const asked = useRef<Promise<unknown>>(Promise.resolve())
  const choose = (value: Value) => {
    setWish(value)
    setFailed(false)
    const settle = () => setWish((last) => (last === value ? undefined : last))
    // In the order in which they were asked for: the last one counts.
    asked.current = asked.current
      .then(() => ask(value))
      .then(settle, () => {
        settle()
        setFailed(true)
      })
  }
  // What was asked for, until the server says so itself.
  const chosen = wish ?? now ?? values[0]!
  return (
    <>
      <fieldset className="choices" disabled={now === undefined}>
        <legend>{legend}</legend>
        {values.map((value) => (
          <label key={value} className="choice" data-bad={isBad?.(value)}>
            <input
              type="radio"
              name={name}
              value={value}
              checked={chosen === value}
              onChange={() => choose(value)}
            />
            <span>
              {wish === value && <Spinner />}
              {names[value]}
            </span>
          </label>
        ))}
      </fieldset>
      <p className="hint choice-hint" role="status">
        {failed ? SILENT : hintOf(chosen)}
      </p>
    </>
  )
}
