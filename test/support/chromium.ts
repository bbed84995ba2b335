// The browser of the tests: headless, and without a network.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** The flag for a browser that can resolve no other host. */
export const OFFLINE = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'

/** Starts the system's Chromium, or the one that CHROMIUM names. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: file(), args: ['--no-sandbox', OFFLINE] })
}

function file(): string {
  const { CHROMIUM = 'chromium', PATH = '' } = process.env
  const found = PATH.split(path.delimiter)
    .map((directory) => path.resolve(directory, CHROMIUM))
    .find((candidate) => existsSync(candidate))
  if (found === undefined) throw new Error(`there is no ${CHROMIUM}: install it, or name another by CHROMIUM`)
  return found
}
