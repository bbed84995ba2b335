/**
 * The signals of the process. Node has one listener for each signal, whatever the number of ours.
 */

import type { SignalListener, SignalSource } from '../../driver/signal-source.js'

/** The longest time of an interval. */
const MAX_INTERVAL = 2 ** 31 - 1

const FAULTS: ReadonlySet<unknown> = new Set(['SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV'])

/** The one of load time: fake timers would not keep the process alive. */
const { setInterval, clearInterval } = globalThis

const listeners = new Map<NodeJS.Signals, Set<SignalListener>>()

/** The signals of this process. */
export const signalSource: SignalSource = {
  assertAvailable() {
    if (process.getBuiltinModule('node:worker_threads').isMainThread) return
    throw new Error('signals: only the main thread of a process receives signals')
  },
  refusal(name) {
    const { constants } = process.getBuiltinModule('node:os')
    if (typeof name !== 'string' || !Object.hasOwn(constants.signals, name)) return 'there is no such signal'
    if (name === 'SIGKILL' || name === 'SIGSTOP') return 'the system lets no program handle it'
    return FAULTS.has(name) ? 'it reports a fault of the process, after which no code can run' : undefined
  },
  listen(name, listener) {
    let others = listeners.get(name)
    if (others === undefined) {
      others = new Set()
      process.on(name, dispatch)
      listeners.set(name, others)
    }
    others.add(listener)
    return () => remove(name, listener)
  },
  hold() {
    const interval = setInterval(() => {}, MAX_INTERVAL)
    return () => clearInterval(interval)
  },
}

function dispatch(name: NodeJS.Signals): void {
  for (const listener of [...(listeners.get(name) ?? [])]) listener(name)
}

function remove(name: NodeJS.Signals, listener: SignalListener): void {
  const others = listeners.get(name)
  others?.delete(listener)
  if (others?.size !== 0) return
  listeners.delete(name)
  process.off(name, dispatch)
}
