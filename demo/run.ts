/*
 * `npm run demo`: the demo on one port of this machine. `npm run demo -- --help` names the options.
 */
import { styleText } from 'node:util'
import { ACCOUNTS } from './shared/accounts.js'
import { startDemo } from './server/demo.js'
import { openBrowser } from './server/open.js'
import { parseCommandLine, USAGE, type CommandLine } from './server/options.js'

await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<void> {
  let options: CommandLine
  try {
    options = parseCommandLine(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    process.exitCode = 1
    return
  }
  if (options.help) return console.log(USAGE)

  console.log('Building the page …')
  const demo = await startDemo(options)
  const stop = () => void demo.close().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  console.log(`
  Latchkey demo   ${styleText(['bold', 'cyan'], demo.url)}

  Sign in as      ${ACCOUNTS.map(({ email, password }) => `${email} / ${password}`).join('\n                  ')}
  Access tokens   live ${options.tokenSeconds} s and renew in silence
  Stop            Ctrl-C
`)
  if (demo.forgets) {
    console.log(
      `  Node ${process.versions.node} has no node:sqlite: accounts and sessions end with the demo.\n`,
    )
  }
  if (!options.insecureCookies) {
    console.log(
      '  Safari keeps no Secure cookies on http://localhost: use another browser, or add -- --insecure-cookies\n',
    )
  }
  if (options.open) openBrowser(demo.url)
}
