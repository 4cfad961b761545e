import { useEffect, useState, useSyncExternalStore } from 'react'
import { CheckIcon, CrossIcon, Spinner } from '../app/icons.js'
import { canPlay, play, playAll, resumeTour, stopPlaying } from './play.js'
import { type Finding, type Run, type Step, tourRuns } from './run.js'
import { SCENARIOS } from './scenarios/index.js'
import { type Scenario, seconds } from './scenario.js'

/** Eight failures people know: what usually happens, and what happens here, live. */
export function Tour() {
  const runs = useSyncExternalStore(tourRuns.subscribe, tourRuns.get)
  const [open, setOpen] = useState<string>()
  // Open, so that it is read.
  useEffect(() => {
    const stopped = resumeTour()
    if (stopped !== undefined) setOpen(stopped)
  }, [])
  const playing = SCENARIOS.find(({ id }) => runs.get(id)?.state === 'running')?.id
  const held = SCENARIOS.filter(({ id }) => runs.get(id)?.state === 'held').length
  const playable = SCENARIOS.filter(canPlay)

  return (
    <section className="part tour" aria-labelledby="tour">
      <div className="part-top">
        <h2 id="tour" tabIndex={-1}>
          Eight failures people know
        </h2>
        <span className="hint" role="status">
          {held > 0 && `${held} of ${playable.length} did not happen here`}
        </span>
      </div>
      <ol className="scenarios">
        {SCENARIOS.map((scenario) => (
          <ScenarioItem
            key={scenario.id}
            scenario={scenario}
            run={runs.get(scenario.id)}
            open={open === scenario.id}
            playing={playing}
            onToggle={() => setOpen(open === scenario.id ? undefined : scenario.id)}
          />
        ))}
      </ol>
      <div className="actions">
        <button
          type="button"
          className="button small"
          aria-disabled={playing !== undefined}
          onClick={() => playing === undefined && void playAll(playable, setOpen)}
        >
          Play all {playable.length === 8 ? 'eight' : 'seven'}
        </button>
        {playing !== undefined && (
          <button type="button" className="button small" onClick={stopPlaying}>
            Stop
          </button>
        )}
      </div>
    </section>
  )
}

interface ItemProps {
  readonly scenario: Scenario
  readonly run: Run | undefined
  readonly open: boolean
  readonly playing: string | undefined
  onToggle(): void
}

function ScenarioItem({ scenario, run, open, playing, onToggle }: ItemProps) {
  const { id, title, usual, here, needsServer } = scenario
  const label = playing === id ? 'Playing' : run ? 'Play it again' : 'Play it'
  return (
    <li className="scenario" data-state={run?.state ?? 'new'}>
      <h3>
        <button type="button" aria-expanded={open} aria-controls={`${id}-body`} onClick={onToggle}>
          <span className="scenario-title">{title}</span>
          <span className="scenario-mark">
            <Mark run={run} />
          </span>
        </button>
      </h3>
      <div className="scenario-body" id={`${id}-body`} hidden={!open}>
        <p>
          <b className="eyebrow">Usually</b> {usual}
        </p>
        <p>
          <b className="eyebrow">Here</b> {here}
        </p>
        {canPlay(scenario) ? (
          <button
            type="button"
            className="button small primary"
            aria-disabled={playing !== undefined}
            aria-label={`${label}: ${title}`}
            onClick={() => playing === undefined && void play(scenario)}
          >
            {playing === id && <Spinner />}
            {label}
          </button>
        ) : (
          <p className="hint">Not in this copy. {needsServer}</p>
        )}
        {run && <Course run={run} />}
      </div>
    </li>
  )
}

function Mark({ run }: { readonly run: Run | undefined }) {
  switch (run?.state) {
    case 'running':
      return (
        <>
          <Spinner />
          <span className="visually-hidden">playing</span>
        </>
      )
    case 'held':
      return (
        <>
          <CheckIcon />
          <span className="visually-hidden">did not happen</span>
        </>
      )
    case 'broken':
      return (
        <>
          <CrossIcon />
          <span className="visually-hidden">something went wrong</span>
        </>
      )
    case 'stopped':
    case undefined:
      return null
  }
}

/** What is going on, step by step, and what was measured. */
function Course({ run }: { readonly run: Run }) {
  return (
    <div className="course">
      <ol className="steps">
        {run.steps.map((step, index) => (
          <StepItem key={index} step={step} />
        ))}
      </ol>
      {run.findings.length > 0 && (
        <dl className="findings">
          {run.findings.map((finding) => (
            <FindingItem key={finding.text} finding={finding} />
          ))}
        </dl>
      )}
      <p className="verdict" role="status">
        {verdictOf(run)}
      </p>
    </div>
  )
}

function StepItem({ step: { text, state, fact, milliseconds } }: { readonly step: Step }) {
  return (
    <li data-state={state}>
      <span className="step-mark">
        {state === 'running' ? <Spinner /> : state === 'done' ? <CheckIcon /> : <CrossIcon />}
      </span>
      <span>
        {text}
        {fact !== undefined && <span className="step-fact">: {fact}</span>}
        <span className="visually-hidden">{STATES[state]}</span>
      </span>
      <span className="step-time">{milliseconds !== undefined && timeOf(milliseconds)}</span>
    </li>
  )
}

function FindingItem({ finding: { text, value, held } }: { readonly finding: Finding }) {
  return (
    <div data-held={held}>
      <dt>{text}</dt>
      <dd>
        {value}
        {held ? <CheckIcon /> : <CrossIcon />}
        <span className="visually-hidden">{held ? ' as promised' : ' not as promised'}</span>
      </dd>
    </div>
  )
}

const STATES = { running: ' (running)', done: ' (done)', failed: ' (failed)' } as const

const timeOf = (milliseconds: number): string =>
  milliseconds < 1000 ? `${milliseconds} ms` : seconds(milliseconds)

function verdictOf({ state, problem }: Run): string {
  switch (state) {
    case 'running':
      return ''
    case 'held':
      return 'It did not happen here.'
    case 'broken':
      return problem === undefined ? 'This is not as it should be.' : `This went wrong. ${problem}`
    case 'stopped':
      return problem ?? 'Stopped.'
  }
}
