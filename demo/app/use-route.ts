import { useSyncExternalStore } from 'react'

export const ROUTES = ['orders', 'profile', 'customers'] as const
export type Route = (typeof ROUTES)[number]

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

function current(): Route {
  const name = location.hash.slice(1)
  return ROUTES.find((route) => route === name) ?? 'orders'
}

/** Which view of the shop the address names. */
export function useRoute(): Route {
  return useSyncExternalStore(subscribe, current)
}
