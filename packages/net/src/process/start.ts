/** The event `start`: a process that runs beside its task. */

import type { Event } from '@bluelet/scheduler'
import { type EventHandler, event } from '@bluelet/scheduler/lowlevel'
import type { Input, Output } from '../socket/directions.js'
import { type Program, type StartOptions, toProgram, toStreams } from './options.js'
import { Process } from './process.js'
import { type ProcessListener, RunningProcess } from './running-process.js'

/** The streams of a process that are pipes by its options. */
export type PipesOf<O extends StartOptions> = (O['stdin'] extends 'pipe'
  ? Readonly<Record<'stdin', Output>>
  : unknown) &
  (O['stdout'] extends 'pipe' ? Readonly<Record<'stdout', Input>> : unknown) &
  (O['stderr'] extends 'pipe' ? Readonly<Record<'stderr', Input>> : unknown)

/**
 * Event: starts a program that runs beside the task, and gives its {@link Process}. No shell is
 * involved: each argument reaches the program as it is.
 *
 * The process belongs to the task. When the task's coroutine has ended, in whatever way, the
 * process is stopped, and what it has started in its group: they get SIGTERM, and SIGKILL once
 * `grace` is over. The task ends when they have; so a join, a kill, a group and the run wait for
 * that. A coroutine that the task calls, also by `timeout`, `race`, `all` or `shield`, is a part of
 * the task; one that it spawns is a task of its own.
 *
 * In async code, use it in a `run`: an awaited event is a run of its own, whose end stops the
 * process.
 *
 * Throws {@link StartError} if the program cannot be started; the message says what was missing.
 *
 * @example
 * function* converted(text: string) {
 *   const tr = yield* start('tr', ['a-z', 'A-Z'], { stdin: 'pipe', stdout: 'pipe' })
 *   yield* tr.stdin.sendall(text)
 *   tr.stdin.shutdown()
 *   return `${yield* tr.stdout.readall()}`
 * }
 *
 * @param file the name of a program in a directory of PATH, or its path
 * @param args its arguments. Default: none
 * @throws TypeError, RangeError if an argument or an option is invalid
 */
export function start<const O extends StartOptions = StartOptions>(
  file: string,
  args: readonly string[] = [],
  options?: O,
): Event<Process & PipesOf<O>> {
  const given: StartOptions = options === undefined ? {} : options
  const program = toProgram('start', file, args, given, (call) => toStreams(given, call))
  return event(START, program) as Event<Process & PipesOf<O>> // A stream is a pipe if the options say so.
}

/** The wait for the error of a program that could not be started. */
interface Failing {
  readonly process: RunningProcess
  readonly listener: ProcessListener
}

const START: EventHandler<Program, Failing | null, Process> = {
  name: 'start',
  external: 'process',
  describe: ({ call }) => call,
  enter(waiter, program) {
    const process = new RunningProcess(program, waiter.scheduler)
    if (process.running) {
      waiter.resume(new Process(process, waiter.task, program))
      return null
    }
    const listener: ProcessListener = { failed: (error) => waiter.throw(error) }
    process.listen(listener)
    return { process, listener }
  },
  withdraw: (_waiter, _program, failing) => failing?.process.unlisten(failing.listener),
  discard: (_program, process) => process[Symbol.dispose](),
}
