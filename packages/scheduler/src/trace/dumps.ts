/**
 * When a recording that runs all the time gives its trace: probes that look for an error, a
 * deadlock or a step that takes too long.
 */

import { checkDuration, checkFunction, inspect } from '../check.js'
import type { Kernel } from '../core/kernel.js'
import type { Probe } from '../core/probe.js'
import { report } from '../host/host.js'

/** Milliseconds until the next dump for the same reason, which has many of the same events. */
const REST_MS = 1000

/**
 * When a trace is given. `error`: a task has failed, and no task was joining it. `deadlock`: every
 * task waits, and nothing is left that could wake one. `longStep`: a step of a task took more than
 * so many milliseconds, so that no other task could run.
 */
export type DumpReason =
  | 'error'
  | 'deadlock'
  | {
      /** The number of milliseconds that a step may take. */
      readonly longStep: number
    }

/**
 * The probe that dumps for a reason.
 *
 * @param dump gives the trace to the user, whose error is reported
 * @throws TypeError if the reason or the callback is invalid; RangeError if the limit is
 */
export function dumpProbe(kernel: Kernel, reason: DumpReason, to: unknown, dump: () => void): Probe {
  checkFunction(to, 'dumpOn(when, to)')
  let last = Number.NEGATIVE_INFINITY
  const dumpOnce = (): void => {
    const now = kernel.now()
    if (now - last < REST_MS) return
    last = now
    try {
      dump()
    } catch (error) {
      report(kernel.host, error)
    }
  }
  if (reason === 'error') return { fail: dumpOnce }
  if (reason === 'deadlock') return { deadlock: dumpOnce }
  if (typeof reason !== 'object' || reason === null || !('longStep' in reason)) {
    throw new TypeError(
      `dumpOn(when, to): expected 'error', 'deadlock' or { longStep }, got ${inspect(reason)}`,
    )
  }
  return longStepProbe(kernel, checkDuration(reason.longStep, 'dumpOn({ longStep })'), dumpOnce)
}

function longStepProbe(kernel: Kernel, ms: number, dump: () => void): Probe {
  let began = Number.POSITIVE_INFINITY
  const look = (): void => {
    if (kernel.now() - began > ms) dump()
    began = Number.POSITIVE_INFINITY
  }
  return {
    resume() {
      began = kernel.now()
    },
    yield: look,
    return: look,
    exit: look,
  }
}
