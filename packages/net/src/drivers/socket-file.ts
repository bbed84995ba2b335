/**
 * The file of a Unix socket on which a driver listens: whose it is, and how it appears and
 * disappears. A driver binds and listens at `temporary`, and then publishes:
 *
 *   path is free, or its program has ended -> bind temporary, chmod, listen -> rename to path
 *
 * So the path never lacks a file while one listener replaces another, never has a wider mode than
 * it should, and is only removed by the listener whose file is there.
 */

import { chmodSync, lstatSync, renameSync, type Stats, statSync, unlinkSync } from 'node:fs'
import net from 'node:net'
import { dirname, resolve } from 'node:path'
import { DEFAULT_MODE, isAbstract, MAX_PATH, type PathEndpoint } from '../driver/endpoint.js'
import { systemError } from '../driver/system-errors.js'
import { codeOf } from '../errors.js'

/** Letters and digits, each of which stands for one digit of base 36. */
const SUFFIX_LENGTH = 8

/** The file of one listener. */
export class SocketFile {
  /** Where to bind. */
  readonly temporary: string
  readonly #path: string
  readonly #mode: number
  /** The file, once it is published. */
  #published: Stats | null = null

  constructor({ path, mode = DEFAULT_MODE }: PathEndpoint) {
    // Absolute, since the process may change its directory before it removes the file.
    this.#path = resolve(path)
    this.#mode = mode
    this.temporary = temporaryOf(path)
  }

  /**
   * Gives the socket at `temporary` its mode and its path. If that fails, no file is left.
   *
   * @throws the system's error
   */
  publish(): void {
    try {
      chmodSync(this.temporary, this.#mode)
      const file = lstatSync(this.temporary)
      renameSync(this.temporary, this.#path)
      this.#published = file
    } catch (error) {
      remove(this.temporary)
      throw error
    }
  }

  /**
   * Removes the file, unless another program has replaced it. Call it before the socket is closed:
   * until then, the system gives the number of the file to no other.
   */
  remove(): void {
    const ours = this.#published
    this.#published = null
    if (ours === null) return
    const file = lookAt(this.#path)
    if (file?.ino === ours.ino && file.dev === ours.dev) remove(this.#path)
  }
}

/**
 * Looks whether a listener may have a path, and gives the file to bind; null for an abstract name,
 * for which the system itself decides.
 *
 * @param done called once, later
 */
export function claimPath(
  endpoint: PathEndpoint,
  done: (error: Error | null, file: SocketFile | null) => void,
): void {
  const { path } = endpoint
  const answer = (error: Error | null): void => {
    queueMicrotask(() => done(error, error === null && !isAbstract(path) ? new SocketFile(endpoint) : null))
  }
  const found = findingAt(endpoint)
  if (found === 'free') answer(null)
  else if (found !== 'socket') answer(found)
  else whetherServed(path, (code) => answer(code === undefined ? null : systemError(code, 'listen')))
}

/** What is at a path: nothing that hinders, a socket, or something for which there is an error. */
function findingAt({ path, replace = false }: PathEndpoint): 'free' | 'socket' | Error {
  if (isAbstract(path)) return 'free'
  try {
    statSync(dirname(path))
    const file = lookAt(path)
    if (file !== undefined && !file.isSocket()) return systemError('EEXIST', 'listen')
    return file === undefined || replace ? 'free' : 'socket'
  } catch (error) {
    return error as Error // Thrown by node:fs.
  }
}

/** The errors of a connect to a path at which no program listens. */
const UNSERVED = new Set(['ECONNREFUSED', 'ENOENT'])

/**
 * Connects to a path to see whether a program listens there.
 *
 * @param done called with the reason why the path may not be taken; with undefined if it may
 */
function whetherServed(path: string, done: (code: string | undefined) => void): void {
  const socket = net.connect({ path })
  socket.on('connect', () => {
    socket.destroy()
    done('EADDRINUSE')
  })
  socket.on('error', (error) => {
    const code = codeOf(error) ?? ''
    // A backlog that is full, and a socket for datagrams, are of a program that lives.
    done(UNSERVED.has(code) ? undefined : code === 'EACCES' ? code : 'EADDRINUSE')
  })
}

/** The path that the system is given: an abstract name begins with a NUL byte. */
export function systemPath(path: string): string {
  return isAbstract(path) ? `\0${path.slice(1)}` : path
}

/** A free name beside a path, and no longer than the system allows. */
function temporaryOf(path: string): string {
  const suffixed = `${path}.${randomName(SUFFIX_LENGTH)}`
  if (Buffer.byteLength(suffixed) <= MAX_PATH) return suffixed
  const start = path.lastIndexOf('/') + 1
  const length = Math.min(SUFFIX_LENGTH, Buffer.byteLength(path.slice(start)))
  let free = path
  while (free === path) free = path.slice(0, start) + randomName(length)
  return free
}

function randomName(length: number): string {
  return Array.from({ length }, () => Math.floor(Math.random() * 36).toString(36)).join('')
}

/** The file at a path; undefined if there is none. */
function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It is gone, or may not be removed: the next listener replaces it.
  }
}
