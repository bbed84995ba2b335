/**
 * What the page, the frame and the worker say to each other. A program may forge what comes from
 * the worker, so that the page takes nothing but what `reportIn` lets through.
 *
 *   page -> frame -> worker   a Request
 *   worker -> frame -> page   a Report, once
 */

import type { Module } from './compile.js'
import { isRecord, type Settings } from './share.js'

/** A trace of more characters is refused. */
export const MAX_TRACE = 60_000_000
/** Longer messages are cut. */
const MAX_MESSAGE = 5_000
/** More lines of terminals than this are dropped. */
const MAX_LINES = 10_000

/** Where a run ends even if the program does not. */
export interface Limits {
  /** The number of steps. */
  readonly steps: number
  /** Milliseconds of virtual time. */
  readonly time: number
}

/** The limits of a first run. */
export const LIMITS: Limits = { steps: 20_000, time: 10_000 }

/** A text that is typed into a terminal, or its end (`null`). */
export interface Input {
  /** The virtual time in milliseconds. */
  readonly t: number
  /** The name of the terminal. */
  readonly id: string
  /** The text, with its line feed; null: the terminal ends its side. */
  readonly data: string | null
}

/** What a worker is to do. */
export interface Request {
  /** `run`: runs the program once. `explore`: looks for an order of steps in which it fails. */
  readonly kind: 'run' | 'explore'
  /** In the order in which they can be loaded; the last one is the program. */
  readonly modules: readonly Module[]
  readonly sources: Readonly<Record<string, string>>
  readonly settings: Settings
  readonly inputs: readonly Input[]
  readonly limits: Limits
  /** The choices of a schedule, as `0.2.1`. */
  readonly schedule?: string
}

/** How a run ended. */
export interface End {
  /**
   * `returned`, `threw`: the program did. `waits`: it waits for clients, as servers do. `steps`,
   * `time`: a limit was reached. `hang`: a step did not end. `quiet`: it waits for something that
   * is not in the simulation. `slow`: it takes too long. `failed`: it could not be run.
   */
  readonly how: 'returned' | 'threw' | 'waits' | 'steps' | 'time' | 'hang' | 'quiet' | 'slow' | 'failed'
  /** What it threw, or why it could not be run. */
  readonly message?: string
  readonly line?: number
  /** The task of the step that did not end, as `name#id`. */
  readonly task?: string
}

/** What a terminal shows. */
export interface TerminalLine {
  readonly id: string
  /** The virtual time. */
  readonly t: number
  readonly kind: 'typed' | 'received' | 'note'
  readonly text: string
}

/** What came of a request. */
export interface Report {
  readonly end: End
  /** The trace as text; empty if there is none. */
  readonly trace: string
  readonly terminals: readonly TerminalLine[]
  /** Whether the program listens, so that a terminal can connect. */
  readonly listens: boolean
  /**
   * Of `explore`: the number of schedules tried, the one that fails, and whether these were all.
   */
  readonly explored?: { readonly runs: number; readonly failing: string | null; readonly all: boolean }
}

const ENDS: Readonly<Record<End['how'], true>> = {
  ...{ returned: true, threw: true, waits: true, steps: true, time: true },
  ...{ hang: true, quiet: true, slow: true, failed: true },
}
const KINDS: Readonly<Record<TerminalLine['kind'], true>> = { typed: true, received: true, note: true }

/** What a message says, if it is a report. */
export function reportIn(value: unknown): Report | null {
  if (!isRecord(value)) return null
  const { trace, terminals, listens, explored } = value
  const end = endIn(value.end)
  if (end === null || typeof trace !== 'string' || trace.length > MAX_TRACE) return null
  if (!Array.isArray(terminals) || typeof listens !== 'boolean') return null
  const lines = terminals.slice(0, MAX_LINES).flatMap((line) => lineIn(line) ?? [])
  return { end, trace, terminals: lines, listens, ...exploredIn(explored) }
}

function endIn(value: unknown): End | null {
  if (!isRecord(value) || !isKey(ENDS, value.how)) return null
  const { how, message, line, task } = value
  return {
    how: how as End['how'], // It is one of them.
    ...(typeof message === 'string' ? { message: message.slice(0, MAX_MESSAGE) } : {}),
    ...(Number.isSafeInteger(line) ? { line: line as number } : {}),
    ...(typeof task === 'string' ? { task: task.slice(0, 100) } : {}),
  }
}

function isKey(record: object, value: unknown): boolean {
  return typeof value === 'string' && Object.hasOwn(record, value)
}

function lineIn(value: unknown): TerminalLine | null {
  if (!isRecord(value)) return null
  const { id, t, kind, text } = value
  if (typeof id !== 'string' || typeof t !== 'number' || typeof text !== 'string') return null
  if (!isKey(KINDS, kind)) return null
  return {
    id: id.slice(0, 100),
    t,
    kind: kind as TerminalLine['kind'], // It is one of them.
    text: text.slice(0, MAX_MESSAGE),
  }
}

function exploredIn(value: unknown): Pick<Report, 'explored'> {
  if (!isRecord(value)) return {}
  const { runs, failing, all } = value
  if (!Number.isSafeInteger(runs) || typeof all !== 'boolean') return {}
  if (failing !== null && !(typeof failing === 'string' && /^[\d.]{0,100000}$/.test(failing))) return {}
  return { explored: { runs: runs as number, failing, all } }
}
