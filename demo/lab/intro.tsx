import { isStatic } from '../app/place.js'

/** What this is, in ten seconds. */
export function Intro() {
  return (
    <section className="intro" aria-labelledby="what">
      <h1 id="what">Signed in, and staying that way.</h1>
      <div className="intro-text">
        <p className="lead">
          Latchkey is the sign-in client for single-page apps. The access token lives in the memory of the
          page and nowhere else; a cookie that script cannot read renews it in silence.
        </p>
        <p className="lead-more">
          Use the little shop, break its server, and read why the client did what it did. Or{' '}
          <a href="#tour" onClick={toTour}>
            take the tour
          </a>
          : eight failures people know, and what happens here.
        </p>
        {isStatic && (
          <p className="lead-more plain-words">
            This copy has no server: the backend is a mock inside the page. It forgets everything at a reload,
            real second tabs do not know it, there is no hosted sign-in page, and cookies are kept by the mock
            and not by the browser. For the real thing: <code>npm run demo</code>.
          </p>
        )}
      </div>
    </section>
  )
}

/** The address belongs to the shop, so the link only leads there. */
function toTour(event: { preventDefault(): void }): void {
  event.preventDefault()
  const title = document.getElementById('tour')
  title?.scrollIntoView({ block: 'start' })
  title?.focus({ preventScroll: true })
}
