import { useEffect, useRef } from 'react'
import { mountTimeline } from '../panel/timeline.js'
import { log } from './log.js'
import { laneOf, nameOf } from './names.js'
import { peers } from './peers.js'

/** A place for the panel, which knows nothing of React. */
export function TimelineView() {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const empty = 'Nothing has happened yet. Sign in, and read along.'
    const timeline = mountTimeline(place.current!, log, { nameOf, laneOf, empty })
    const stop = peers.subscribe(timeline.redraw)
    return () => {
      stop()
      timeline.remove()
    }
  }, [])
  return (
    <section className="part" aria-labelledby="timeline-title">
      <div className="part-top">
        <h2 id="timeline-title">What the client decides, in all tabs</h2>
        <button type="button" className="link" onClick={() => log.clear()}>
          Clear
        </button>
      </div>
      <div
        className="timeline-place"
        ref={place}
        role="region"
        aria-label="Decisions, the newest first"
        tabIndex={0}
      />
    </section>
  )
}
