/**
 * Listens to AbortSignals: one listener for each signal, however many wait for it. With more than
 * ten, Node warns of a leak; and removing one of many takes it time.
 */

import type { AbortSignalLike } from './options.js'

/** One call of `onAbort`. */
interface Entry {
  readonly callback: () => void
}

/** For which calls one listener listens. */
interface Listening {
  readonly entries: Set<Entry>
  /** Removes the listener. */
  readonly stop: () => void
}

const listening = new WeakMap<AbortSignalLike, Listening>()

/**
 * Calls back once when a signal is aborted, unless that is withdrawn before.
 *
 * @param signal must not be aborted
 * @returns withdraws the request
 */
export function onAbort(signal: AbortSignalLike, callback: () => void): () => void {
  const entry: Entry = { callback }
  const { entries, stop } = listening.get(signal) ?? listenTo(signal)
  entries.add(entry)
  return () => {
    if (entries.delete(entry) && entries.size === 0) stop()
  }
}

function listenTo(signal: AbortSignalLike): Listening {
  const entries = new Set<Entry>()
  const stop = (): void => {
    listening.delete(signal)
    signal.removeEventListener('abort', listener)
  }
  const listener = (): void => {
    stop()
    for (const entry of entries) {
      entries.delete(entry)
      entry.callback()
    }
  }
  const made: Listening = { entries, stop }
  listening.set(signal, made)
  signal.addEventListener('abort', listener)
  return made
}
