import type { Scenario } from '../scenario.js'
import { backButton } from './back-button.js'
import { offlineLogout } from './offline-logout.js'
import { otherUser } from './other-user.js'
import { outage } from './outage.js'
import { race } from './race.js'
import { sleep } from './sleep.js'
import { storm } from './storm.js'
import { unmount } from './unmount.js'

/** The tour, in its order. */
export const SCENARIOS: readonly Scenario[] = [
  race,
  backButton,
  offlineLogout,
  outage,
  storm,
  otherUser,
  sleep,
  unmount,
]
