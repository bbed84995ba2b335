// Child processes: each starts on a core of its own, communicates by lines, and is never left
// behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Time limit for a line: no request here takes this long. */
const LINE_MS = 120_000

/** Number of characters that are kept of a child's standard error. */
const ERROR_CHARACTERS = 4000

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

const children = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

/** A running program. */
export interface Program {
  readonly pid: number
  /**
   * Returns its next line. @throws Error if it ends instead, with the last line of its standard
   * error
   */
  nextLine(): Promise<string>
  say(line: string): void
  signal(name: NodeJS.Signals): void
  /** Ends it and waits for its end. */
  stop(): Promise<void>
}

/** Starts a program, on a core of its own if there is one. */
export function start(
  command: readonly string[],
  core: number | null,
  environment: NodeJS.ProcessEnv = {},
): Program {
  const [file, ...args] = pinned(command, core)
  const child = spawn(file, args, { env: { ...process.env, ...environment } })
  children.add(child)
  const lines = createInterface(child.stdout)
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-ERROR_CHARACTERS)
  })
  child.stdin.on('error', () => {}) // It has ended; the next request reports that.
  let end: string | undefined
  child.on('error', (error) => {
    end ??= error.message
  })
  child.on('close', (code, signal) => {
    end ??= reasonIn(complaints) || `it has ended: ${signal ?? `exit code ${code}`}`
    children.delete(child)
  })
  return {
    pid: child.pid ?? -1,
    nextLine: () =>
      new Promise((resolve, reject) => {
        const settle = (error: string | undefined, line = '') => {
          clearTimeout(timer)
          lines.off('line', heard)
          child.off('close', ended)
          error === undefined ? resolve(line) : reject(new Error(error))
        }
        const heard = (line: string) => settle(undefined, line)
        const ended = () => settle(end)
        const timer = setTimeout(settle, LINE_MS, 'it does not answer')
        lines.on('line', heard)
        child.on('close', ended)
        if (end !== undefined) settle(end)
      }),
    say: (line) => void child.stdin.write(`${line}\n`),
    signal: (name) => void child.kill(name),
    stop: async () => {
      if (end !== undefined) return
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGKILL')
      await closed
    },
  }
}

/** Returns the command that runs this command on one core. */
export function pinned(command: readonly string[], core: number | null): [string, ...string[]] {
  const whole = core === null ? command : ['taskset', '-c', `${core}`, ...command]
  return whole as [string, ...string[]] // A command is never empty.
}

/** Returns the error message in a program's standard error, without the folders of this machine. */
export function reasonIn(complaints: string): string {
  const lines = complaints.replaceAll(ROOT, '').trim().split('\n')
  const named = lines.map((line) => /\b\w*Error: .+/.exec(line)?.[0]).filter((error) => error !== undefined)
  return (named.at(-1) ?? lines.at(-1)!).trim()
}
