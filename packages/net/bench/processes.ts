// Child processes: started on a core of their own, asked over a channel, and never left behind.
import { type ChildProcess, spawn } from 'node:child_process'

const children = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Starts a program of Node with a channel to it; on a core of its own if there is one. */
export function startNode(
  file: string,
  args: readonly string[],
  core: number | null,
  flags: readonly string[] = [],
): ChildProcess {
  const [command, ...rest] = pinned([process.execPath, '--expose-gc', ...flags, file, ...args], core)
  const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

/** The same command on one core. */
export function pinned(command: readonly string[], core: number | null): [string, ...string[]] {
  const whole = core === null ? command : ['taskset', '-c', `${core}`, ...command]
  return whole as [string, ...string[]] // A command is never empty.
}

/** What a child says next; an error if it ends instead. */
export function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const exited = (code: number | null, signal: NodeJS.Signals | null) =>
      reject(new Error(`${child.spawnargs.join(' ')} has ended: ${signal ?? `exit code ${code}`}`))
    child.once('exit', exited)
    child.once('message', (message) => {
      child.off('exit', exited)
      resolve(message)
    })
  })
}

/** Ends a child and waits for its end. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}
