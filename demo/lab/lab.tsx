import { isStatic } from '../app/place.js'
import { Shop } from '../app/shop.js'
import { Tour } from '../tour/tour.js'
import { CookieWarning } from './cookie-warning.js'
import { Counts } from './counts-view.js'
import { Header } from './header.js'
import { Intro } from './intro.js'
import { Now } from './now.js'
import { People } from './people.js'
import { Switches } from './switches.js'
import { Tabs } from './tabs.js'
import { TimelineView } from './timeline-view.js'
import { Token } from './token-view.js'

/** The page: a small app to use, what happens underneath, and a tour of what usually goes wrong. */
export function Lab() {
  return (
    <>
      <a className="skip" href="#app">
        Skip to the app
      </a>
      <Header />
      <main className="page">
        <Intro />
        <CookieWarning />
        <div className="use">
          <div className="window">
            <p className="window-bar">
              <span className="window-tab">
                <i className="lane-mark" data-lane="0" aria-hidden="true" />
                This tab
              </span>
            </p>
            <Shop />
          </div>
          <Tabs />
          <Tour />
        </div>
        <div className="sheet">
          <Now />
          <TimelineView />
          <Switches />
          <People />
          <Counts />
          <Token />
        </div>
      </main>
      <footer className="foot">
        {isStatic
          ? 'The client is real. The server is a mock inside this page, so nothing here leaves it.'
          : 'All of this is real: a Node server on this machine, HttpOnly cookies, tokens that expire. Only the shop is made up.'}
      </footer>
    </>
  )
}
