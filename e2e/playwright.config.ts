import { defineConfig } from '@playwright/test'
import { launchOptions } from '../test/tools/browsers.ts'

const origin = 'http://localhost:4100'

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  reporter: 'line',
  use: { baseURL: origin, trace: 'retain-on-failure' },
  webServer: {
    command: 'node --import ./test/tools/source.ts e2e/server.ts',
    cwd: '..',
    url: origin,
    reuseExistingServer: false,
  },
  projects: [
    { name: 'chromium', use: { browserName: 'chromium', launchOptions: launchOptions('chromium') } },
  ],
})
