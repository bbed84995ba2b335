// A log of two coroutines, one on each side of a connection, which a test compares with the
// expected trace.
import { Connection } from '@bluelet/net'
import { Cancelled, type Coroutine, type Yieldable } from '@bluelet/scheduler'

/** Longer texts are replaced by their length. */
const MAX_SHOWN = 40

/** The side that adds a line. */
export type SideName = 'client' | 'server'

/** The log of both sides. */
export class Log {
  /** The lines of both sides in order, each with its side, for scenarios with a fixed order. */
  readonly lines: string[] = []
  /** The lines of each side, for sides that do not wait for each other. */
  readonly sides: Record<SideName, string[]> = { client: [], server: [] }

  /** The recorder of one side. */
  by(side: SideName): Recorder {
    const note = (line: string): void => {
      this.lines.push(`${side}: ${line}`)
      this.sides[side].push(line)
    }
    return {
      note,
      *record(what, event) {
        note(`${what}: ${yield* outcome(event)}`)
      },
    }
  }
}

/** Adds lines to the log for one side. */
export interface Recorder {
  /** Adds a line. */
  note(line: string): void
  /**
   * Performs an event and adds its outcome: `recv: hello`, `recv: end`, `sendall: done`, `recv:
   * ClosedError`.
   */
  record(what: string, event: Yieldable): Coroutine<void>
}

/** Performs an event and gives its outcome in words. */
export function* outcome(event: Yieldable): Coroutine<string> {
  try {
    return shown(yield event)
  } catch (error) {
    if (error instanceof Cancelled) throw error
    return nameOf(error)
  }
}

/** The error of a plain call, in words; `done` if it throws nothing. */
export function refusal(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    return nameOf(error)
  }
  return 'done'
}

/** The name of an error, and for some classes its code. */
export function nameOf(error: unknown): string {
  const { name, code } = error as Error & { code?: unknown }
  return name === 'ConnectError' || name === 'ListenError' ? `${name} ${code}` : name
}

function shown(value: unknown): string {
  if (value === undefined) return 'done'
  if (value instanceof Connection) return 'connected'
  if (!Buffer.isBuffer(value)) return String(value)
  if (value.length === 0) return 'end'
  return value.length > MAX_SHOWN ? `${value.length} bytes` : value.toString()
}
