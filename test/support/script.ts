// Runs a program in a real process of its own, against the built packages.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const testDirectory = fileURLToPath(new URL('..', import.meta.url))

/** How a program ended, and what it printed. */
export interface Ending {
  /** The exit code; null when it had to be stopped. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that takes longer hangs. */
const MAX_MS = 6000

/**
 * Runs the source of an ES module, which may import the packages by their names.
 *
 * @param flags for node itself
 * @param options more of its environment, and how long it may take, in milliseconds
 */
export function runScript(
  source: string,
  flags: readonly string[] = [],
  { env = {}, timeout = MAX_MS }: { env?: NodeJS.ProcessEnv; timeout?: number } = {},
): Promise<Ending> {
  const command = [...flags, '--input-type=module', '--eval', source]
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      command,
      { cwd: testDirectory, timeout, env: { ...process.env, NODE_OPTIONS: '', ...env } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
        resolve({ code, stdout, stderr })
      },
    )
  })
}
