/**
 * SIGINT and SIGTERM: the first signal calls all listeners, the second one ends the process.
 */

import { signalSource } from './signal-source.js'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

const listeners = new Set<() => void>()
/** Removes ours from the process. */
let removals: (() => void)[] = []
/** Whether the first signal has come. */
let interrupted = false

/**
 * Calls back at the first SIGINT or SIGTERM. The system handles the second one: it ends the process
 * at once (exit codes 130 and 143 in a shell).
 *
 * @returns removes the callback
 */
export function onInterrupt(callback: () => void): () => void {
  const listener = () => callback() // A function of its own: the same callback may be added twice.
  if (listeners.size === 0) {
    interrupted = false
    removals = SIGNALS.map((signal) => signalSource.listen(signal, onSignal))
  }
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) stop()
  }
}

function onSignal(signal: NodeJS.Signals): void {
  if (interrupted) {
    stop()
    process.kill(process.pid, signal)
    return
  }
  interrupted = true
  for (const listener of [...listeners]) listener()
}

function stop(): void {
  for (const remove of removals) remove()
}
