/**
 * A process that runs, and how it is stopped.
 *
 *   running --stop()--> SIGTERM to the group --grace--> SIGKILL to the group
 *      |                    |                               |
 *      +--------------------+-------------------------------+--> exited --> members --> stopped
 *
 * Once the process is known to have ended, its id may be that of another one: then the group gets a
 * signal only if members of it are known to be alive.
 */

import type { Host, Runtime, Timer } from '@bluelet/scheduler/lowlevel'
import { startChild } from '#drivers'
import type { Child, ChildObserver, ProcessExit } from '../driver/child.js'
import type { NetworkHost } from '../driver/protocol.js'
import type { Program } from './options.js'
import { startErrorOf, stopErrorOf } from './start-error.js'

/** Receives what happens to a process; each at most once. */
export interface ProcessListener {
  /** It could not be started. */
  failed?(error: unknown): void
  /** It has ended. */
  exited?(exit: ProcessExit): void
  /** It was stopped, and its group with it. With an error if that was not possible. */
  stopped?(error: Error | null): void
}

/**
 * Pauses between two looks at the members that have outlived the process: of the first, and at
 * most.
 */
const [MIN_PAUSE, MAX_PAUSE] = [5, 100]

/** How often members are looked at after SIGKILL: one that hangs in the kernel is left to it. */
const MAX_LOOKS = 20

/** One process, from its start on. */
export class RunningProcess implements ChildObserver {
  readonly child: Child
  /** How the process has ended; null while it runs. */
  exit: ProcessExit | null = null
  readonly #program: Program
  readonly scheduler: Runtime
  readonly #listeners = new Set<ProcessListener>()
  /** When SIGKILL is due; undefined while nothing stops it. */
  #deadline: number | undefined = undefined
  #timer: Timer | undefined = undefined
  #killed = false
  /** Why it cannot be stopped. */
  #failure: Error | null = null
  #pause = MIN_PAUSE
  #looks = 0

  /** @throws StartError if it is known at once that it cannot be started */
  constructor(program: Program, scheduler: Runtime) {
    refuseSimulation(scheduler.host, program.call)
    this.#program = program
    this.scheduler = scheduler
    try {
      this.child = startChild(program.target, this)
    } catch (error) {
      throw startErrorOf(error, program)
    }
  }

  /** The call that has started it, for messages. */
  get call(): string {
    return this.#program.call
  }

  /** Whether it has ended, and so have the others of its group. */
  get gone(): boolean {
    return this.exit !== null && !this.child.outlived()
  }

  /** Whether it runs, or may still be starting. */
  get running(): boolean {
    return this.exit === null && this.child.pid !== undefined
  }

  listen(listener: ProcessListener): void {
    this.#listeners.add(listener)
  }

  unlisten(listener: ProcessListener): void {
    this.#listeners.delete(listener)
  }

  /**
   * Begins to stop the process and its group. If that is under way already, a shorter grace period
   * counts. Listeners are told when that is done. Not once it is `gone`.
   *
   * @param grace milliseconds until SIGKILL
   */
  stop(grace: number): void {
    const deadline = this.scheduler.now() + grace
    if (this.#killed || (this.#deadline !== undefined && deadline >= this.#deadline)) return
    const first = this.#deadline === undefined
    this.#deadline = deadline
    if (grace <= 0) this.#kill()
    else {
      if (first) this.#signal('SIGTERM')
      if (this.exit === null) this.#wakeAt(deadline)
      else if (first) this.#lookAtGroup()
    }
  }

  /**
   * Sends a signal to the process, and not to its group.
   *
   * @returns false if the process is known to have ended
   * @throws StartError if this process may not do that
   */
  signal(name: string): boolean {
    if (this.exit !== null) return false
    try {
      return this.child.signal(name, false)
    } catch (error) {
      throw stopErrorOf(error, this.#program, name)
    }
  }

  // Called by the child.

  failed(error: Error): void {
    this.#tell((listener) => listener.failed?.(startErrorOf(error, this.#program)))
  }

  exited(exit: ProcessExit): void {
    this.exit = exit
    this.#forgetTimer()
    this.#tell((listener) => listener.exited?.(exit))
    if (this.#deadline !== undefined) this.#lookAtGroup()
  }

  /** Waits for the members of the group that have outlived the process. */
  #lookAtGroup(): void {
    this.#looks++
    if (!this.child.outlived() || (this.#killed && this.#looks > MAX_LOOKS)) {
      this.#tell((listener) => listener.stopped?.(this.#failure))
      return
    }
    const now = this.scheduler.now()
    if (!this.#killed && now >= (this.#deadline ?? now)) this.#kill()
    this.#wakeAt(now + this.#pause)
    this.#pause = Math.min(this.#pause * 2, MAX_PAUSE)
  }

  /** The timer of SIGKILL, or of the next look, has expired. */
  wake(): void {
    this.#timer = undefined
    if (this.exit !== null) this.#lookAtGroup()
    else this.#kill()
  }

  #kill(): void {
    this.#killed = true
    this.#looks = 0
    this.#pause = MIN_PAUSE
    this.#signal('SIGKILL')
    if (this.exit !== null) this.#wakeAt(this.scheduler.now() + this.#pause)
    else if (this.#failure !== null) this.#giveUp(this.#failure)
  }

  /** This process may not end that one, and must not wait for it. A later stop tries again. */
  #giveUp(failure: Error): void {
    this.child.unref()
    this.#killed = false
    this.#deadline = undefined
    this.scheduler.host.soon(() => this.#tell((listener) => listener.stopped?.(failure)))
  }

  #signal(name: string): void {
    try {
      this.child.signal(name, true)
      this.#failure = null
    } catch (error) {
      this.#failure = stopErrorOf(error, this.#program, name)
    }
  }

  #wakeAt(deadline: number): void {
    this.#forgetTimer()
    if (deadline === Number.POSITIVE_INFINITY) return
    this.#timer = this.scheduler.timers.add(deadline, wake, this)
  }

  #forgetTimer(): void {
    if (this.#timer !== undefined) this.scheduler.timers.remove(this.#timer)
    this.#timer = undefined
  }

  #tell(what: (listener: ProcessListener) => void): void {
    for (const listener of [...this.#listeners]) what(listener)
  }
}

function wake(process: RunningProcess): void {
  process.wake()
}

/** @throws Error in a simulation, whose time and network are not those of a process */
function refuseSimulation(host: Host & Partial<NetworkHost>, call: string): void {
  if (host.driver === undefined) return
  throw new Error(
    `${call}: a simulation has no processes, since they are real and its time is not; give the code under test a function that stands for the program`,
  )
}
