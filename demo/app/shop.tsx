import { useEffect, useRef } from 'react'
import { Customers } from './customers.js'
import { Orders } from './orders.js'
import { Profile } from './profile.js'
import { ShopStatus } from './shop-status.js'
import { SignIn } from './sign-in.js'
import { SignOut } from './sign-out.js'
import { useAuth } from './use-auth.js'
import { ROUTES, type Route, useRoute } from './use-route.js'
import { Waiting } from './waiting.js'

const VIEWS: Record<Route, { readonly title: string; View(): React.JSX.Element }> = {
  orders: { title: 'Orders', View: Orders },
  profile: { title: 'Profile', View: Profile },
  customers: { title: 'Customers', View: Customers },
}

/** The app of somebody who uses Latchkey: a shop with a few pages behind its sign-in. */
export function Shop() {
  const state = useAuth()
  const route = useRoute()
  const { title, View } = VIEWS[route]
  const region = useRef<HTMLElement>(null)
  const before = useRef(state.status)

  // Who signs in or out was on a button that is gone now: go on reading here, and not at the top of the page.
  useEffect(() => {
    if (before.current !== 'unknown' && before.current !== state.status)
      region.current?.focus({ preventScroll: true })
    before.current = state.status
  }, [state.status])

  return (
    <section
      className="card shop"
      id="app"
      aria-label="The app: Northgate Hardware"
      tabIndex={-1}
      ref={region}
    >
      <header className="shop-top">
        <p className="shop-name">Northgate Hardware</p>
        {state.status === 'authenticated' && <SignOut user={state.user} />}
      </header>
      {state.status === 'authenticated' && (
        <nav className="tabs" aria-label="Shop">
          {ROUTES.map((name) => (
            <a key={name} href={`#${name}`} aria-current={name === route ? 'page' : undefined}>
              {VIEWS[name].title}
            </a>
          ))}
        </nav>
      )}
      <div className="shop-body">
        {state.status === 'unknown' && <Waiting state={state} />}
        {state.status === 'unauthenticated' && <SignIn reason={state.reason} />}
        {state.status === 'authenticated' && (
          <>
            <h2 className="visually-hidden">{title}</h2>
            <View key={state.user.id} />
          </>
        )}
      </div>
      <ShopStatus state={state} />
    </section>
  )
}
