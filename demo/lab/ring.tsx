/** From here on the token is renewed. */
const DUE = 0.25

interface RingProps {
  readonly fraction: number
  readonly label: number | undefined
  /** Only what lives for seconds is renewed ahead of its end. */
  readonly unit: 'seconds' | 'days'
}

/** A dial of the life that is left, with the part marked in which it is renewed. */
export function Ring({ fraction, label, unit }: RingProps) {
  const left = Math.min(1, Math.max(0, fraction))
  return (
    <div
      className="ring"
      role="timer"
      aria-label={label === undefined ? 'No token' : `${label} ${unit} left`}
    >
      <svg viewBox="0 0 100 100" aria-hidden="true">
        <circle className="ring-track" cx="50" cy="50" r="45" pathLength="60" />
        {unit === 'seconds' && (
          <circle className="ring-due" cx="50" cy="50" r="45" pathLength="1" strokeDasharray={`${DUE} 1`} />
        )}
        <circle
          className="ring-left"
          cx="50"
          cy="50"
          r="45"
          pathLength="1"
          strokeDasharray={`${left} 1`}
          data-empty={left === 0}
        />
      </svg>
      <span className="ring-label" aria-hidden="true">
        {label ?? '–'}
        {label !== undefined && <small>{unit[0]}</small>}
      </span>
    </div>
  )
}
