/** Errors of programs that cannot be started or stopped: what was missing, and what to do. */

import { shown } from '../check.js'
import { builtin } from '../drivers/builtin.js'
import { codeOf, reasonOf, StartError } from '../errors.js'
import type { Program } from './options.js'

/**
 * Why a program could not be started. The system does not tell whether the directory was missing.
 */
export function startErrorOf(error: unknown, program: Program): StartError {
  const code = codeOf(error)
  const reason =
    streamReason(error) ?? directoryReason(program) ?? fileReason(program, code) ?? reasonOf(error)
  const message = `${program.call}: cannot be started: ${reason}`
  return new StartError(code === undefined ? message : `${message} (${code})`, code, { cause: error })
}

/** Why a process did not get a signal. */
export function stopErrorOf(error: unknown, { call }: Program, signal: string): StartError {
  const code = codeOf(error)
  const reason =
    code === 'EPERM' ? 'the process belongs to another user, and this one may not end it' : reasonOf(error)
  return new StartError(`${call}: cannot send ${signal}: ${reason} (${code})`, code, { cause: error })
}

/** A file that was to be a stream could not be opened: the system names it. */
function streamReason(error: unknown): string | undefined {
  const { syscall, path } = error as NodeJS.ErrnoException
  return syscall === 'open'
    ? `cannot open ${shown(path)}: ${REASONS[codeOf(error) ?? ''] ?? reasonOf(error)}`
    : undefined
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'this process may not open it',
  EISDIR: 'it is a directory',
}

function directoryReason({ call, target: { cwd } }: Program): string | undefined {
  if (cwd === undefined) return undefined
  const fs = builtin('node:fs', call)
  try {
    if (!fs.statSync(cwd).isDirectory()) return `cwd: ${shown(cwd)} is not a directory`
    fs.accessSync(cwd, fs.constants.X_OK)
    return undefined
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return `cwd: the directory ${shown(cwd)} does not exist`
    return `cwd: this process may not enter the directory ${shown(cwd)}`
  }
}

function fileReason({ target: { file, args } }: Program, code: string | undefined): string | undefined {
  const name = shown(file)
  if (code === 'EACCES')
    return `this process may not run ${name}: it needs the permission, and must be a file`
  if (code !== 'ENOENT') return undefined
  if (file.includes('/')) return `there is no program at ${name}, or what it needs to run is missing`
  if (file.includes(' ') && args.length === 0) {
    return `there is no program ${name}; give its arguments as an array: no shell splits them`
  }
  return `there is no program ${name} in any directory of PATH`
}
