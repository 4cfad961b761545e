import { useEffect, useRef } from 'react'
import { mountTimeline } from '../panel/timeline.js'
import { log } from './auth.js'

/** A place for the panel, which knows nothing of React. */
export function Timeline() {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => mountTimeline(place.current!, log), [])
  return (
    <section className="card timeline-card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">What the client decides</h2>
      <div
        className="timeline-place"
        ref={place}
        role="region"
        aria-labelledby="timeline-title"
        tabIndex={0}
      />
    </section>
  )
}
