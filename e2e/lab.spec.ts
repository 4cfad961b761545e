/* What the tour shows of the client, in two tabs. What a browser has a part in: `tabs.spec.ts` and `lab-engines.spec.ts`. */
import { test } from './demo-server.ts'
import { plays } from './tour.ts'

// One demo for all of them.
test.describe.configure({ mode: 'default' })

test(
  'R37 the lab plays "Signed in again after signing out offline" in two tabs',
  plays('Signed in again after signing out offline'),
)
test('R12 the lab plays "Signed out by a 503" in two tabs', plays('Signed out by a 503', 'Ann Baker'))
test('R01 the lab plays "A storm of 401s" in two tabs', plays('A storm of 401s', 'Ann Baker'))
test(
  'R40 the lab plays "Somebody else’s data on the screen" in two tabs',
  plays('Somebody else’s data on the screen', 'Ada Moss'),
)
test(
  'R33 the lab plays "A stale token after the lid was closed" in two tabs',
  plays('A stale token after the lid was closed', 'Ann Baker'),
)
test(
  'R77 the lab plays "A silent refresh that empties the form" in two tabs',
  plays('A silent refresh that empties the form', 'Ann Baker'),
)
