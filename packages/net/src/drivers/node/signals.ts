/**
 * SIGINT and SIGTERM: the first one asks whoever listens to end, the second one ends the process.
 */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

const listeners = new Set<() => void>()
let asked = false

/**
 * Calls back when the process is asked to end; while it is ending, a second signal is the system's, which ends it at once
 * (exit codes 130, 143 of a shell).
 *
 * @returns takes it back
 */
export function onInterrupt(callback: () => void): () => void {
  const listener = () => callback() // Of its own: the same callback may listen twice.
  if (listeners.size === 0) {
    asked = false
    for (const signal of SIGNALS) process.on(signal, heard)
  }
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) stop()
  }
}

function heard(signal: NodeJS.Signals): void {
  if (asked) {
    stop()
    process.kill(process.pid, signal)
    return
  }
  asked = true
  for (const listener of [...listeners]) listener()
}

function stop(): void {
  for (const signal of SIGNALS) process.off(signal, heard)
}
