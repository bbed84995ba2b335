/**
 * The border between this package and the processes of the operating system. Interfaces only.
 */

import type { DriverSocket } from './protocol.js'

/** Where a standard stream of a process leads: to us, to where ours does, nowhere, or to a file. */
export type ProcessStream = 'pipe' | 'inherit' | 'ignore' | ChildFile

/**
 * A file as a standard stream. An input begins at its start; for an output it is made if needed.
 */
export interface ChildFile {
  /** Its path; if it is relative, from the working directory of this process. */
  readonly path: string
  /** Whether an output goes behind what the file has; otherwise it is emptied. Default: false. */
  readonly append?: boolean | undefined
}

/** What to start, and how. */
export interface ChildTarget {
  readonly file: string
  readonly args: readonly string[]
  /** The working directory; undefined: that of this process. */
  readonly cwd: string | undefined
  /** The whole environment; undefined: that of this process. */
  readonly env: Readonly<Record<string, string | undefined>> | undefined
  /** Whether it leads a process group of its own, where there are groups. */
  readonly group: boolean
  /** Standard input, output and error. */
  readonly streams: readonly [stdin: ProcessStream, stdout: ProcessStream, stderr: ProcessStream]
}

/** How a process has ended: by an exit, with its code, or by a signal, with its name. */
export interface ProcessExit {
  /** The exit code; null if a signal has ended the process. */
  readonly code: number | null
  /** The name of the signal that has ended the process, such as `SIGTERM`; null if none has. */
  readonly signal: string | null
}

/** Receives what happens to a process; each once. */
export interface ChildObserver {
  /** The process could not be started. */
  failed(error: Error): void
  /** The process has ended and was reaped: its id may be that of another one from now on. */
  exited(exit: ProcessExit): void
}

/** A process that was started. */
export interface Child {
  /** The id of the process; undefined if it could not be started. */
  readonly pid: number | undefined
  /** Our ends of its pipes; null where it has none. Attached: no byte is lost. */
  readonly sockets: readonly [
    stdin: DriverSocket | null,
    stdout: DriverSocket | null,
    stderr: DriverSocket | null,
  ]
  /**
   * Sends a signal to the process. Not after `exited`, unless `outlived`.
   *
   * @param group whether to its whole group, if it leads one
   * @returns whether it was sent
   * @throws the system's error, if this process may not do that (EPERM)
   */
  signal(name: string, group: boolean): boolean
  /** Whether processes of its group are known to be alive, although the process has ended. */
  outlived(): boolean
  /** Lets this process end before that one. */
  unref(): void
}
