/**
 * Hands over what was sent in a turn, when the turn ends, and what is left when the process exits.
 * There is one collector for each thread.
 */

import { type Runtime, runningScheduler } from '@bluelet/scheduler/lowlevel'

/** The writing half of a connection whose sends were collected. */
export interface Collected {
  /** Hands over what has been collected. */
  handOverCollected(): void
}

let collected: Collected[] = []
/** Those whose bytes the kernel has refused. */
const refused = new Set<Collected>()
/** The scheduler at the end of whose turn they are handed over; null if none is arranged. */
let arranged: Runtime | null = null
let listensForExit = false

/**
 * Arranges for a hand-over at the end of the turn.
 *
 * @param again whether that has been done for this half, perhaps by a step within which this one is
 * @returns false outside of any step: there is no such end
 */
export function collect(half: Collected, again: boolean): boolean {
  const running = runningScheduler()
  if (running === undefined) return false
  if (!again) collected.push(half)
  if (arranged !== running) {
    arranged = running
    running.turnEnd.add(TURN_END)
    if (!listensForExit) listenForExit()
  }
  return true
}

/** The kernel has refused bytes of this half: they are tried once more at the exit. */
export function keepForExit(half: Collected): void {
  refused.add(half)
}

/** These bytes are gone. */
export function forgetForExit(half: Collected): void {
  refused.delete(half)
}

const TURN_END = { turnEnded: handOver }

function handOver(): void {
  arranged = null
  const halves = collected
  collected = []
  for (const half of halves) half.handOverCollected()
}

/** There is no process in a browser, and nothing that leaves it. */
function listenForExit(): void {
  listensForExit = true
  const { process } = globalThis as { process?: Partial<NodeJS.Process> }
  process?.on?.('exit', handOverAtExit)
}

function handOverAtExit(): void {
  handOver()
  for (const half of refused) half.handOverCollected()
}
