import { ServerFacts } from './server-facts.js'
import { StateFacts } from './state-facts.js'
import { Timeline } from './timeline.js'
import { TokenLife } from './token-life.js'

/** What the person in front of the shop never sees. */
export function Underneath() {
  return (
    <section className="underneath" aria-label="What happens underneath">
      <TokenLife />
      <Timeline />
      <div className="figures">
        <StateFacts />
        <ServerFacts />
      </div>
    </section>
  )
}
