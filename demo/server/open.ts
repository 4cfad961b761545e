import { spawn } from 'node:child_process'

const COMMANDS: Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
  linux: ['xdg-open'],
}

/** Opens the address in the browser of the person at this terminal; where nobody sits there, or nothing opens it, so be it. */
export function openBrowser(url: string): void {
  const { platform, env, stdout } = process
  const [command, ...args] = COMMANDS[platform] ?? []
  const noDesktop = platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY']
  if (command === undefined || noDesktop || !stdout.isTTY || env['CI']) return
  const child = spawn(command, [...args, url], { detached: true, stdio: 'ignore' })
  child.on('error', () => {})
  child.unref()
}
