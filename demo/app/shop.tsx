import { useEffect, useRef } from 'react'
import { RequireAuth, useAuth, useSessionEnd } from './auth.js'
import { Customers } from './customers.js'
import { Entrance } from './entrance.js'
import { Orders } from './orders.js'
import { Profile } from './profile.js'
import { ShopStatus } from './shop-status.js'
import { SignOut } from './sign-out.js'
import { forgetAll } from './use-resource.js'
import { ROUTES, type Route, useRoute } from './use-route.js'

const VIEWS: Record<Route, { readonly title: string; View(): React.JSX.Element }> = {
  orders: { title: 'Orders', View: Orders },
  profile: { title: 'Profile', View: Profile },
  customers: { title: 'Customers', View: Customers },
}

/** The app of somebody who uses Latchkey: a shop with a few pages behind its sign-in. */
export function Shop() {
  const status = useAuth((state) => state.status)
  const route = useRoute()
  const { title, View } = VIEWS[route]
  const region = useRef<HTMLElement>(null)
  const before = useRef(status)
  useSessionEnd(forgetAll)

  // Who signs in or out was on a button that is gone now: go on reading here, and not at the top of the page.
  useEffect(() => {
    const button =
      document.activeElement === document.body || region.current?.contains(document.activeElement)
    if (before.current !== 'unknown' && before.current !== status && button)
      region.current?.focus({ preventScroll: true })
    before.current = status
  }, [status])

  return (
    <section className="shop" id="app" aria-label="The app: Northgate Hardware" tabIndex={-1} ref={region}>
      <RequireAuth
        fallback={
          <>
            <header className="shop-top">
              <h2 className="shop-name">Northgate Hardware</h2>
            </header>
            <div className="shop-body">
              <Entrance />
            </div>
          </>
        }
      >
        {(user) => (
          <>
            <header className="shop-top">
              <h2 className="shop-name">Northgate Hardware</h2>
              <p className="shop-user">{user.name}</p>
            </header>
            <div className="shop-bar">
              <nav className="tabs" aria-label="Shop">
                {ROUTES.map((name) => (
                  <a key={name} href={`#${name}`} aria-current={name === route ? 'page' : undefined}>
                    {VIEWS[name].title}
                  </a>
                ))}
              </nav>
              <SignOut />
            </div>
            <div className="shop-body">
              <h3 className="visually-hidden">{title}</h3>
              <View />
            </div>
          </>
        )}
      </RequireAuth>
      <ShopStatus />
    </section>
  )
}
