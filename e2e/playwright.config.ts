import { availableParallelism } from 'node:os'
import { defineConfig } from '@playwright/test'
import { launchOptions, launchOptionsIfAny } from '../test/tools/browsers.ts'
import { pythonWithDjango } from '../test/tools/django.ts'

const chromium = launchOptions('chromium')
const firefox = launchOptionsIfAny('firefox')

// The pages of the demo, too, get what is published.
process.env['PACKAGE'] = 'dist'

/** What tabs do to each other is the browser's doing, so it is seen in both. */
const TABS = /\/(tabs|channel|back-button|fallbacks|lab-engines|oidc-bff)\.spec\.ts$/
/** What the server and the client do is the same in every engine; one mode shows what the tabs do. */
const OF_THE_SERVER = /session mode: |switching the backend /

export default defineConfig({
  testDir: '.',
  globalSetup: '../test/tools/dist.ts',
  testIgnore: pythonWithDjango() === undefined ? 'django.spec.ts' : [],
  outputDir: '../test-results',
  // Most of a test is waiting, for browsers to start and for what is timed.
  workers: availableParallelism() + 1,
  fullyParallel: true,
  forbidOnly: true,
  // A machine that stands still for a second fails what is timed by a browser; what needed it is named in the sum.
  retries: 1,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: 'dot',
  use: { trace: { mode: 'on-first-retry', screenshots: false, snapshots: false }, actionTimeout: 5000 },
  projects: [
    {
      name: 'chromium',
      use: {
        browserName: 'chromium',
        // Gives tests a plain http origin that is not a loopback one, and so not a secure context.
        launchOptions: {
          ...chromium,
          args: [...(chromium.args ?? []), '--host-resolver-rules=MAP *.test 127.0.0.1'],
        },
      },
    },
    ...(firefox === undefined
      ? []
      : [
          {
            name: 'firefox',
            testMatch: TABS,
            grepInvert: OF_THE_SERVER,
            use: {
              browserName: 'firefox' as const,
              launchOptions: {
                ...firefox,
                firefoxUserPrefs: {
                  // No requests for icons, which the policy of the pages would refuse loudly.
                  'browser.chrome.site_icons': false,
                  'browser.chrome.favicons': false,
                  // Each page of a test is a window of its own, whose opening Firefox animates.
                  'ui.prefersReducedMotion': 1,
                },
              },
            },
          },
        ]),
  ],
})
