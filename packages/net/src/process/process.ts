/** A process that runs beside the task that has started it. */

import type { Event } from '@bluelet/scheduler'
import { type EventHandler, event, type TaskHandle } from '@bluelet/scheduler/lowlevel'
import { checkMs, shown } from '../check.js'
import type { ProcessExit } from '../driver/child.js'
import type { DriverSocket } from '../driver/protocol.js'
import { Connection } from '../socket/connection.js'
import type { Input, Output } from '../socket/directions.js'
import type { Receiver } from '../socket/receiver.js'
import { InputPipe } from './input-pipe.js'
import { Lifetime } from './lifetime.js'
import { checkSignal, type Program, type StopOptions } from './options.js'
import { OutputPipe } from './output-pipe.js'
import type { ProcessListener, RunningProcess } from './running-process.js'

/**
 * A process that `start` has started. It belongs to the task that did, and ends no later.
 *
 * A task can read an output, and send to the input, also once the process has ended: what it has
 * written before can still be read.
 */
export class Process {
  /** The id of the process. Once the process has ended, another one may have it. */
  readonly pid: number
  /** Its standard input, if that is a pipe. `shutdown()` ends it. */
  readonly stdin: Output | undefined
  /** Its standard output, if that is a pipe. */
  readonly stdout: Input | undefined
  /** Its standard error, if that is a pipe. */
  readonly stderr: Input | undefined
  /**
   * Event: waits until the process has ended, and gives how: by an exit code, or by a signal. A
   * process that it has started may still run, and write to its outputs.
   */
  readonly exited: Event<ProcessExit>
  readonly #process: RunningProcess
  readonly #program: Program

  /**
   * `start` does that.
   *
   * @param process a process that has an id
   * @param task the task that it belongs to
   * @internal
   */
  constructor(process: RunningProcess, task: TaskHandle, program: Program) {
    const { child, scheduler } = process
    const [stdin, stdout, stderr] = child.sockets
    const input = stdin && new InputPipe(stdin)
    const outputs = [stdout, stderr].map((socket) => socket && new OutputPipe(socket))
    const [out, err] = outputs.map((pipe) => connectionOf(pipe))
    this.pid = child.pid as number // It was started.
    this.stdin = connectionOf(input)
    this.stdout = out
    this.stderr = err
    this.exited = event<ProcessExit>(EXITED, process)
    this.#process = process
    this.#program = program
    new Lifetime(
      process,
      task,
      program,
      input,
      outputs.filter((pipe) => pipe !== null),
    )

    function connectionOf(socket: DriverSocket | null): Connection | undefined {
      return socket === null ? undefined : new Connection(socket, scheduler)
    }
  }

  /**
   * Sends a signal to the process; a plain call. What it has started does not get it.
   *
   * @param name such as `SIGHUP`
   * @returns false, and nothing is sent, if the process has ended
   * @throws TypeError if there is no such signal; StartError if this process may not send it
   */
  signal(name: string): boolean {
    return this.#process.signal(checkSignal(name, `${this.#program.call}: signal(name)`))
  }

  /**
   * Event: stops the process and the others of its group, waits until they have ended, and gives
   * how the process has. They get SIGTERM, and SIGKILL once the grace period is over.
   *
   * If that is under way already, a shorter grace period counts. If they have ended, nothing is
   * sent. Killing the task that waits does not take it back.
   *
   * Throws {@link StartError} if this process may not stop that one.
   *
   * @throws RangeError if the grace period is invalid
   */
  stop(options: StopOptions = {}): Event<ProcessExit> {
    const { call, grace: usual } = this.#program
    if (typeof options !== 'object' || options === null) {
      throw new TypeError(
        `${call}: stop(options): expected an object such as { grace }, got ${shown(options)}`,
      )
    }
    const grace = checkMs(options.grace ?? usual, `${call}: stop: grace`)
    return event<ProcessExit>(STOP, { process: this.#process, grace })
  }

  /** Begins to stop the process, at the end of a `using`. Its task waits until that is done. */
  [Symbol.dispose](): void {
    const { grace } = this.#program
    if (!this.#process.gone) this.#process.stop(grace)
  }

  /**
   * Stops the process, at the end of an `await using` in async code.
   *
   * @returns a promise that resolves when the process, and the others of its group, have ended
   */
  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { task: 'a disposal', resume: () => resolve(), throw: reject }
      stopFor(waiter, { process: this.#process, grace: this.#program.grace })
    })
  }

  /** For messages: `start('sh') (process 123)`. */
  toString(): string {
    return `${this.#program.call} (process ${this.pid})`
  }
}

/** A wait, which can be taken back. */
interface Listening {
  readonly process: RunningProcess
  readonly listener: ProcessListener
}

function listening(process: RunningProcess, listener: ProcessListener): Listening {
  process.listen(listener)
  return { process, listener }
}

function unlisten(wait: Listening | null): void {
  wait?.process.unlisten(wait.listener)
}

const EXITED: EventHandler<RunningProcess, Listening | null, ProcessExit> = {
  name: 'exited',
  external: 'process',
  describe: ({ call }) => `${call}: exited`,
  on: (process) => process,
  enter(waiter, process) {
    if (process.exit !== null) {
      waiter.resume(process.exit)
      return null
    }
    const wait: Listening = listening(process, {
      exited(exit) {
        unlisten(wait)
        waiter.resume(exit)
      },
    })
    return wait
  },
  withdraw: (_waiter, _process, wait) => unlisten(wait),
}

interface Stopping {
  readonly process: RunningProcess
  readonly grace: number
}

const STOP: EventHandler<Stopping, Listening | null, ProcessExit> = {
  name: 'stop',
  external: 'process',
  describe: ({ process }) => `${process.call}: stop()`,
  on: ({ process }) => process,
  enter: stopFor,
  withdraw: (_waiter, _stopping, wait) => unlisten(wait),
}

function stopFor(waiter: Receiver<ProcessExit>, { process, grace }: Stopping): Listening | null {
  if (process.exit !== null && process.gone) {
    waiter.resume(process.exit)
    return null
  }
  const wait = listening(process, {
    stopped(error) {
      unlisten(wait)
      if (error !== null) waiter.throw(error)
      else waiter.resume(process.exit as ProcessExit) // It has ended.
    },
  })
  process.stop(grace)
  return wait
}
