/**
 * Processes, over `node:child_process`, which is loaded when the first one is started.
 *
 * Our ends of the pipes are sockets of the `node` driver. They are attached in the step that starts
 * the process: Node drops what it has not read when the process ends.
 */

import type { ChildProcess } from 'node:child_process'
import type net from 'node:net'
import { UNNAMED } from '../../driver/address.js'
import type { Child, ChildObserver, ChildTarget, ProcessStream } from '../../driver/child.js'
import type { DriverSocket } from '../../driver/protocol.js'
import { codeOf } from '../../errors.js'
import { builtin } from '../builtin.js'
import { NodeSocket } from './socket.js'

/** Starts a process. @throws the system's error for some reasons; others come as `failed` */
export function startChild(target: ChildTarget, observer: ChildObserver): Child {
  const { cwd, env, streams } = target
  const group = target.group && process.platform !== 'win32'
  const files = new Files()
  try {
    const child = builtin('node:child_process', USER).spawn(target.file, [...target.args], {
      stdio: streams.map((stream, i) => files.stdioOf(stream, i === 0)),
      detached: group,
      windowsHide: true,
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env: { ...env } }),
    })
    return new NodeChild(child, group, observer)
  } finally {
    files.close()
  }
}

/** What needs the modules, for messages. */
const USER = 'processes'

/** The files that a process has as its streams. They are closed here once it has them. */
class Files {
  readonly #fs = builtin('node:fs', USER)
  /** One that both outputs lead to is opened once, so that neither writes over the other. */
  readonly #outputs = new Map<string, number>()
  readonly #open: number[] = []

  /** @throws the system's error, whose `syscall` is `open` */
  stdioOf(stream: ProcessStream, input: boolean): 'pipe' | 'inherit' | 'ignore' | number {
    if (typeof stream === 'string') return stream
    const { path, append } = stream
    let fd = input ? undefined : this.#outputs.get(path)
    if (fd === undefined) {
      fd = this.#fs.openSync(path, input ? 'r' : append ? 'a' : 'w')
      this.#open.push(fd)
      if (!input) this.#outputs.set(path, fd)
    }
    return fd
  }

  close(): void {
    for (const fd of this.#open) this.#fs.closeSync(fd)
  }
}

class NodeChild implements Child {
  readonly pid: number | undefined
  readonly sockets: readonly [DriverSocket | null, DriverSocket | null, DriverSocket | null]
  readonly #child: ChildProcess
  readonly #group: boolean

  constructor(child: ChildProcess, group: boolean, observer: ChildObserver) {
    this.#child = child
    this.#group = group
    this.pid = child.pid
    this.sockets =
      child.pid === undefined
        ? discarded(child)
        : [socketOf(child.stdin, false), socketOf(child.stdout, true), socketOf(child.stderr, true)]
    child.on('error', (error) => {
      // Node also emits it if a signal could not be sent.
      if (child.pid === undefined) observer.failed(error)
    })
    if (child.pid !== undefined) addLiving(this)
    child.on('exit', (code, signal) => {
      removeLiving(this)
      observer.exited({ code, signal })
    })
  }

  signal(name: string, group: boolean): boolean {
    const { pid } = this
    if (pid === undefined) return false
    // On Windows Node knows how to end a process.
    if (process.platform === 'win32') return this.#child.kill(name as NodeJS.Signals)
    try {
      return process.kill(this.#group && group ? -pid : pid, name)
    } catch (error) {
      if (codeOf(error) === 'ESRCH') return false
      throw error
    }
  }

  /**
   * The id of a group is not given to another process while the group has members. So a member that
   * is older than the end of its leader is known by the session: its id was that of the leader.
   */
  outlived(): boolean {
    const { pid } = this
    if (pid === undefined || !this.#group) return false
    try {
      process.kill(-pid, 0)
    } catch (error) {
      return codeOf(error) === 'EPERM' && hasMembers(pid)
    }
    return hasMembers(pid)
  }

  unref(): void {
    this.#child.unref()
  }
}

/** Those that have not ended. If this process exits first, nothing else would end them. */
const living = new Set<NodeChild>()

function addLiving(child: NodeChild): void {
  if (living.size === 0) process.on('exit', killLiving)
  living.add(child)
}

function removeLiving(child: NodeChild): void {
  living.delete(child)
  if (living.size === 0) process.off('exit', killLiving)
}

function killLiving(): void {
  for (const child of living) {
    try {
      child.signal('SIGKILL', true)
    } catch {
      // This process may not end that one.
    }
  }
}

/** Whether processes live whose group and session have an id; false where there is no /proc. */
function hasMembers(group: number): boolean {
  const fs = builtin('node:fs', USER)
  let names: string[]
  try {
    names = fs.readdirSync('/proc')
  } catch {
    return false
  }
  return names.some((name) => {
    if (!/^\d+$/.test(name) || Number(name) === group) return false
    try {
      // After the name of the program, which may contain anything: state, parent, group, session.
      const stat = fs.readFileSync(`/proc/${name}/stat`, 'latin1')
      const [state, , pgrp, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return state !== 'Z' && Number(pgrp) === group && Number(session) === group
    } catch {
      return false // It has ended meanwhile.
    }
  })
}

/** Our end of a pipe. A pipe cannot be reset: it is treated as a Unix socket, which it is. */
function socketOf(stream: unknown, reads: boolean): DriverSocket | null {
  const socket = stream as net.Socket | null | undefined // Node gives no other streams, for pipes.
  if (!socket) return null
  if (reads) socket.pause()
  return new NodeSocket(socket, { local: UNNAMED, remote: UNNAMED })
}

/** Closes the pipes of a process that could not be started. */
function discarded({ stdio }: ChildProcess): Child['sockets'] {
  // Without descriptors to spare, there are no pipes either.
  for (const stream of stdio ?? []) stream?.destroy()
  return [null, null, null]
}
