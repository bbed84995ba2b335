/** Which program is run, and how: the options, and the checks of what a caller has given. */

import { checkCount, checkFlag, checkMs, shown } from '../check.js'
import type { ChildFile, ChildTarget, ProcessStream } from '../driver/child.js'
import { builtin } from '../drivers/builtin.js'
import type { TextEncoding } from '../socket/read-requests.js'

/** Options of every program that is run. */
export interface ProgramOptions {
  /** The working directory. Default: that of this process. */
  readonly cwd?: string
  /**
   * The whole environment: add `...process.env` to inherit that of this process. A variable that is
   * undefined is left out. Default: that of this process.
   */
  readonly env?: Readonly<Record<string, string | undefined>>
  /**
   * Whether the process leads a process group, and a session, of its own, so that a stop also
   * reaches the processes that it has started, and Ctrl-C at the terminal does not. Without it,
   * only the process itself is stopped. Windows has no groups. Default: true.
   */
  readonly group?: boolean
  /**
   * How long the process may take to end by itself (SIGTERM) before it is forced to (SIGKILL), in
   * milliseconds. If the stop comes from a kill, at most four fifths of its grace period.
   * `Infinity` means that nothing but a kill forces it. Default: 5,000.
   */
  readonly grace?: number
}

/** Options of `exec`. */
export interface ExecOptions extends ProgramOptions {
  /**
   * What the program reads as its standard input: bytes that must not change until it has ended, or
   * a string, which is given as UTF-8. The program need not read it. Default: nothing.
   */
  readonly input?: string | Uint8Array
  /**
   * The maximum number of bytes of its standard output, and of its standard error. `Infinity` means
   * no limit. Default: 1,048,576.
   */
  readonly limit?: number
  /** Whether an exit code other than 0, and an end by a signal, is an error. Default: true. */
  readonly check?: boolean
  /** The encoding of the output, which then is text. Default: none, the output is bytes. */
  readonly encoding?: TextEncoding | undefined
}

/** Options of `start`. */
export interface StartOptions extends ProgramOptions {
  /**
   * What the standard input is. `'pipe'`: what tasks send to `process.stdin`. `'inherit'`: that of
   * this process. `'ignore'`: empty. `{ path }`: a file. Default: `'ignore'`.
   */
  readonly stdin?: ProcessStream
  /**
   * Where the standard output goes. `'pipe'`: to tasks that read `process.stdout`; while none
   * reads, the program waits once the pipe is full. `'inherit'`: where that of this process goes.
   * `'ignore'`: it is discarded. `{ path }`: to a file, which is emptied first; with `append: true`
   * it is not. Default: `'inherit'`.
   */
  readonly stdout?: ProcessStream
  /**
   * Where the standard error goes: as `stdout`. If both are files with the same path, they share
   * it. Default: `'inherit'`.
   */
  readonly stderr?: ProcessStream
}

/** Options of `stop`. */
export interface StopOptions {
  /**
   * How long the process may take to end by itself (SIGTERM) before it is forced to (SIGKILL), in
   * milliseconds. `Infinity` means that it is not forced. Default: the `grace` that `start` was
   * given, or 5,000.
   */
  readonly grace?: number
}

const DEFAULT_GRACE = 5000
const DEFAULT_LIMIT = 1_048_576

/** What is run, once it was checked. */
export interface Program {
  /** The call, for messages: `exec('git')`. */
  readonly call: string
  readonly target: ChildTarget
  readonly grace: number
}

/** @throws TypeError, RangeError if an argument or an option is invalid */
export function toProgram(
  operation: string,
  file: unknown,
  args: unknown,
  options: ProgramOptions,
  streamsOf: (call: string) => ChildTarget['streams'],
): Program {
  const call = `${operation}(file, args, options)`
  const named = `${operation}('${shown(checkText(file, `${call}: file`)).slice(1, -1)}')`
  if (file === '') throw new TypeError(`${call}: expected the name or the path of a program, got ''`)
  if (!Array.isArray(args)) {
    throw new TypeError(
      `${named}: args: expected an array of strings, such as ['-l'], got ${shown(args)}; no shell splits it`,
    )
  }
  const { cwd, env, group = true, grace = DEFAULT_GRACE } = checkOptions(options, named)
  checkFlag(group, `${named}: group`)
  if (cwd !== undefined && checkText(cwd, `${named}: cwd`) === '') {
    throw new TypeError(`${named}: cwd: expected a directory, got ''; leave it out for that of this process`)
  }
  return {
    call: named,
    target: {
      file: file as string, // It was checked above.
      args: args.map((arg, i) => checkText(arg, `${named}: args[${i}]`)),
      cwd,
      env: env === undefined ? undefined : checkEnvironment(env, named),
      group,
      streams: streamsOf(named),
    },
    grace: checkMs(grace, `${named}: grace`),
  }
}

/**
 * The standard streams of a program that is started.
 *
 * @throws TypeError if one of them is invalid
 */
export function toStreams(
  { stdin = 'ignore', stdout = 'inherit', stderr = 'inherit' }: StartOptions,
  named: string,
): ChildTarget['streams'] {
  return [
    toStream(stdin, `${named}: stdin`),
    toStream(stdout, `${named}: stdout`),
    toStream(stderr, `${named}: stderr`),
  ]
}

function toStream(stream: ProcessStream, what: string): ProcessStream {
  if (stream === 'pipe' || stream === 'inherit' || stream === 'ignore') return stream
  if (typeof stream !== 'object' || stream === null || !('path' in stream)) {
    throw new TypeError(`${what}: expected 'pipe', 'inherit', 'ignore' or { path }, got ${shown(stream)}`)
  }
  const { path, append = false }: ChildFile = stream
  if (checkText(path, `${what}: path`) === '') {
    throw new TypeError(`${what}: path: expected the path of a file, got ''`)
  }
  checkFlag(append, `${what}: append`)
  return { path, append }
}

/**
 * Checks the name of a signal.
 *
 * @throws TypeError if the system has no such signal
 */
export function checkSignal(name: unknown, operation: string): string {
  const { signals } = builtin('node:os', operation).constants
  if (typeof name === 'string' && Object.hasOwn(signals, name)) return name
  throw new TypeError(`${operation}: expected the name of a signal, such as 'SIGHUP', got ${shown(name)}`)
}

/** @throws TypeError if the options are not an object */
function checkOptions<O extends object>(options: O, named: string): O {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options
  throw new TypeError(`${named}: options: expected an object such as { cwd }, got ${shown(options)}`)
}

/** What `exec` collects. */
export interface Collecting {
  readonly input: string | Uint8Array | undefined
  readonly limit: number
  readonly check: boolean
  readonly encoding: TextEncoding | undefined
}

/** @throws TypeError, RangeError if an option is invalid */
export function toCollecting(
  { input, limit = DEFAULT_LIMIT, check = true, encoding }: ExecOptions,
  named: string,
): Collecting {
  if (input !== undefined && typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw new TypeError(`${named}: input: expected bytes or a string, got ${shown(input)}`)
  }
  if (encoding !== undefined && !['utf8', 'utf-8', 'latin1'].includes(encoding)) {
    throw new TypeError(
      `${named}: encoding: expected 'utf8' or 'latin1', got ${shown(encoding)}; leave it out for bytes`,
    )
  }
  checkCount(limit, `${named}: limit`)
  checkFlag(check, `${named}: check`)
  return { input, limit, check, encoding }
}

/** Checks what the system ends at a NUL. */
function checkText(text: unknown, what: string): string {
  if (typeof text !== 'string') throw new TypeError(`${what}: expected a string, got ${shown(text)}`)
  if (!text.includes('\0')) return text
  throw new TypeError(`${what}: expected a string without a NUL byte, got ${shown(text)}`)
}

function checkEnvironment(env: object, named: string): Record<string, string> {
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw new TypeError(
      `${named}: env: expected an object such as { ...process.env, NAME: 'value' }, got ${shown(env)}`,
    )
  }
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(env) as [string, unknown][]) {
    if (name === '' || /[=\0]/.test(name)) {
      throw new TypeError(`${named}: env: expected a name without '=' and NUL bytes, got ${shown(name)}`)
    }
    if (value !== undefined) checked[name] = checkText(value, `${named}: env.${name}`)
  }
  return checked
}
