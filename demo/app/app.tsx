import { CookieWarning } from './cookie-warning.js'
import { Header } from './header.js'
import { Intro } from './intro.js'
import { Shop } from './shop.js'
import { Underneath } from './underneath.js'

/** The page: what it is, a small app to use, and what happens underneath. */
export function App() {
  return (
    <>
      <a className="skip" href="#app">
        Skip to the app
      </a>
      <Header />
      <main className="page">
        <Intro />
        <CookieWarning />
        <Shop />
        <Underneath />
      </main>
      <footer className="foot">
        Everything here is real: a Node server on this machine, HttpOnly cookies, tokens that expire. Only the
        shop is made up.
      </footer>
    </>
  )
}
