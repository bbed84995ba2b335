/** The event `exec`: runs a program to its end, and collects what it writes. */

import type { Event } from '@bluelet/scheduler'
import { type EventHandler, event, type Timer, type Waiter } from '@bluelet/scheduler/lowlevel'
import { bytesOf } from '../check.js'
import { EMPTY } from '../driver/byte-queue.js'
import type { ProcessExit } from '../driver/child.js'
import { LimitError, ProcessError, type ProcessOutcome } from '../errors.js'
import type { TextEncoding } from '../socket/read-requests.js'
import { Collector, Feeder } from './collector.js'
import { graceWithin } from './grace.js'
import { type Collecting, type ExecOptions, type Program, toCollecting, toProgram } from './options.js'
import { type ProcessListener, RunningProcess } from './running-process.js'

/**
 * How long `exec` waits for the rest of the output once the program has ended: what the pipe holds
 * has come by then, unless another process still has the pipe.
 */
const REST_MS = 200

/** How much of the standard error the message of an error has. */
const MAX_TAIL = 1000

/**
 * Event: runs a program to its end, and gives how it has ended and what it has written.
 *
 * No shell is involved: each argument reaches the program as it is. The program reads `input`, or
 * nothing. Killing the task that waits (so does a timeout) stops the process, and what it has
 * started in its group, before the task continues.
 *
 * Throws {@link ProcessError} if the exit code is not 0 or a signal has ended the process, unless
 * `check` is false; {@link LimitError} if it writes more than the limit, once it is stopped; and
 * {@link StartError} if it cannot be started. The first two have the `outcome`.
 *
 * If the program has left a process behind that holds its output, `exec` does not wait for that
 * one: it ends 200 ms later, with `complete: false`.
 *
 * @example
 * function* revision(cwd: string) {
 *   const { stdout } = yield* exec('git', ['rev-parse', 'HEAD'], { cwd, encoding: 'utf8' })
 *   return stdout.trim()
 * }
 *
 * @param file the name of a program in a directory of PATH, or its path
 * @param args its arguments. Default: none
 * @throws TypeError, RangeError if an argument or an option is invalid
 */
export function exec(
  file: string,
  args?: readonly string[],
  options?: ExecOptions & { encoding?: undefined },
): Event<ProcessOutcome>
/**
 * Event: the same, with the output as text.
 *
 * @param file the name of a program in a directory of PATH, or its path
 * @param args its arguments
 * @param options with the encoding; bytes that are not valid UTF-8 become U+FFFD
 */
export function exec(
  file: string,
  args: readonly string[],
  options: ExecOptions & { encoding: TextEncoding },
): Event<ProcessOutcome<string>>
export function exec(
  file: string,
  args: readonly string[] = [],
  options: ExecOptions = {},
): Event<ProcessOutcome<Buffer | string>> {
  const stdin = options?.input === undefined ? 'ignore' : 'pipe'
  const program = toProgram('exec', file, args, options, () => [stdin, 'pipe', 'pipe'])
  return event<ProcessOutcome<Buffer | string>>(EXEC, { ...program, ...toCollecting(options, program.call) })
}

interface ExecRequest extends Program, Collecting {}

const EXEC: EventHandler<ExecRequest, Execution, ProcessOutcome<Buffer | string>> = {
  name: 'exec',
  external: 'process',
  describe: ({ call }) => call,
  enter: (waiter, request) => new Execution(waiter, request),
  withdraw: (_waiter, _request, execution) => execution.withdraw(),
  hasten: (_waiter, _request, execution) => execution.hasten(),
}

/** One program that runs. */
class Execution implements ProcessListener {
  /** Null once it is answered. */
  #waiter: Waiter<ProcessOutcome<Buffer | string>> | null
  readonly #request: ExecRequest
  readonly #process: RunningProcess
  /** Null if the program could not be started. */
  readonly #stdout: Collector | null
  readonly #stderr: Collector | null
  readonly #feeder: Feeder | null
  /** The timer of the rest of the output. */
  #timer: Timer | undefined = undefined
  /** Whether the process is being stopped. */
  #stopping = false
  #withdrawn = false

  constructor(waiter: Waiter<ProcessOutcome<Buffer | string>>, request: ExecRequest) {
    this.#waiter = waiter
    this.#request = request
    const { input, limit } = request
    const process = new RunningProcess(request, waiter.scheduler)
    this.#process = process
    process.listen(this)
    const [stdin, stdout, stderr] = process.child.sockets
    this.#stdout = stdout && new Collector(stdout, limit, this)
    this.#stderr = stderr && new Collector(stderr, limit, this)
    this.#feeder = stdin && new Feeder(stdin, bytesOf(input ?? '', request.call))
    // The first try begins to read, and to write.
    for (const pipe of [this.#stdout, this.#stderr, this.#feeder]) pipe?.ready()
  }

  withdraw(): 'later' | undefined {
    if (!this.#process.running && !this.#stopping) {
      this.#end()
      return undefined
    }
    this.#withdrawn = true
    this.#stop()
    return 'later'
  }

  /** The grace period of the waiter has become shorter. */
  hasten(): void {
    if (this.#withdrawn) this.#stop()
  }

  #stop(): void {
    this.#stopping = true
    this.#process.stop(graceWithin(this.#request.grace, this.#waiter as Waiter)) // It is not answered yet.
  }

  failed(error: unknown): void {
    this.#end()?.throw(error)
  }

  exited(): void {
    if (this.#stopping) return
    if (this.#ended) {
      this.finish(true)
      return
    }
    const { scheduler } = this.#waiter as Waiter // It is not answered yet.
    this.#timer = scheduler.timers.add(scheduler.now() + REST_MS, endRest, this)
  }

  stopped(error: Error | null): void {
    const outcome = this.#outcome(false)
    const waiter = this.#end()
    if (error !== null) waiter?.throw(error)
    else if (this.#withdrawn) waiter?.withdrawn()
    else waiter?.throw(this.#limitError(outcome))
  }

  /** A pipe has ended, or has had more than the limit. */
  collected(): void {
    const { exit } = this.#process
    if (this.#stopping) return
    if (exit === null) {
      if (this.#exceeded !== undefined) this.#stop()
    } else if (this.#ended || this.#exceeded !== undefined) this.finish(true)
  }

  /** @param complete whether all pipes have ended */
  finish(complete: boolean): void {
    const { call, check } = this.#request
    const outcome = this.#outcome(complete && this.#exceeded === undefined)
    const tail = tailOf(outcome.stderr)
    const waiter = this.#end()
    if (this.#exceeded !== undefined) waiter?.throw(this.#limitError(outcome))
    else if (!check || outcome.code === 0) waiter?.resume(outcome)
    else waiter?.throw(new ProcessError(`${call}: ${howEnded(outcome)}${tail && `: ${tail}`}`, outcome))
  }

  /** Lets go of everything. @returns the waiter, if it is not answered yet */
  #end(): Waiter<ProcessOutcome<Buffer | string>> | null {
    const waiter = this.#waiter
    if (this.#timer !== undefined) waiter?.scheduler.timers.remove(this.#timer)
    this.#waiter = null
    this.#process.unlisten(this)
    for (const pipe of [this.#stdout, this.#stderr, this.#feeder]) pipe?.close()
    return waiter
  }

  /** Whether both pipes have ended. */
  get #ended(): boolean {
    return this.#stdout?.ended === true && this.#stderr?.ended === true
  }

  /** The pipe that has had more than the limit. */
  get #exceeded(): string | undefined {
    if (this.#stdout?.exceeded) return 'standard output'
    return this.#stderr?.exceeded ? 'standard error' : undefined
  }

  #limitError(outcome: ProcessOutcome<Buffer | string>): LimitError {
    const { call, limit } = this.#request
    return new LimitError(
      `${call}: more than the limit of ${limit} bytes on ${this.#exceeded}; the process was stopped; raise the limit if it may write as much`,
      outcome,
    )
  }

  #outcome(complete: boolean): ProcessOutcome<Buffer | string> {
    const { code, signal } = this.#process.exit ?? { code: null, signal: null }
    const { encoding } = this.#request
    const text = (pipe: Collector | null) => {
      const bytes = pipe?.take() ?? EMPTY
      return encoding === undefined ? bytes : bytes.toString(encoding)
    }
    return { code, signal, stdout: text(this.#stdout), stderr: text(this.#stderr), complete }
  }
}

function endRest(execution: Execution): void {
  execution.finish(false)
}

/** `exit code 1`, or `ended by SIGKILL`. */
function howEnded({ code, signal }: ProcessExit): string {
  return signal === null ? `exit code ${code}` : `ended by ${signal}`
}

/** The last lines of the standard error. */
function tailOf(stderr: Buffer | string): string {
  const text = stderr.toString().trim()
  return text.length <= MAX_TAIL ? text : `... ${text.slice(-MAX_TAIL)}`
}
