// What two coroutines, one on each side of a connection, note in a common log: the trace that a test compares.
import { Connection } from '@bluelet/net'
import { Cancelled, type Coroutine, type Yieldable } from '@bluelet/scheduler'

/** Longer texts are given by their length. */
const LONGEST_SHOWN = 40

/** Who notes something. */
export type SideName = 'client' | 'server'

/** A common log. */
export class Log {
  /** What both sides have noted, in the order in which they did, each with its side: for an order that is determined. */
  readonly lines: string[] = []
  /** What each side has noted: for two sides that do not wait for each other. */
  readonly sides: Record<SideName, string[]> = { client: [], server: [] }

  /** How one side notes something. */
  by(side: SideName): Notes {
    const note = (line: string): void => {
      this.lines.push(`${side}: ${line}`)
      this.sides[side].push(line)
    }
    return {
      note,
      *tell(what, event) {
        note(`${what}: ${yield* outcome(event)}`)
      },
    }
  }
}

/** How one side notes something. */
export interface Notes {
  /** Notes a line. */
  note(line: string): void
  /** Performs an event and notes what came of it: `recv: hello`, `recv: end`, `sendall: done`, `recv: ClosedError`. */
  tell(what: string, event: Yieldable): Coroutine<void>
}

/** Performs an event and says in words what it gave or threw. */
export function* outcome(event: Yieldable): Coroutine<string> {
  try {
    return shown(yield event)
  } catch (error) {
    if (error instanceof Cancelled) throw error
    return nameOf(error)
  }
}

/** What a plain call throws, in words; `done` if it throws nothing. */
export function refusal(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    return nameOf(error)
  }
  return 'done'
}

/** The name of an error; of one that has a code to be told apart by, with that. */
export function nameOf(error: unknown): string {
  const { name, code } = error as Error & { code?: unknown }
  return name === 'ConnectError' || name === 'ListenError' ? `${name} ${code}` : name
}

function shown(value: unknown): string {
  if (value === undefined) return 'done'
  if (value instanceof Connection) return 'connected'
  if (!Buffer.isBuffer(value)) return String(value)
  if (value.length === 0) return 'end'
  return value.length > LONGEST_SHOWN ? `${value.length} bytes` : value.toString()
}
