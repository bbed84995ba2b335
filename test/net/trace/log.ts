// A log that keeps what a network writes into it, as plain objects.
import type { IoCause, NetworkLog } from '@bluelet/scheduler/trace'

/** An event, or the begin or the end of a report of the driver. */
export type Entry = Readonly<Record<string, unknown>> & { readonly n: number; readonly e: string }

/** Keeps everything. */
export class KeepingLog implements NetworkLog {
  readonly entries: Entry[] = []
  /** What the driver has said, as `[id, what]`. */
  readonly told: (readonly [number, IoCause['op']])[] = []
  /** The reports that are under way. */
  depth = 0
  #resources = 0

  newResource(): number {
    return ++this.#resources
  }

  io(op: string, res: number, bytes: number, value: unknown, cause: number | null, made?: number): number {
    return this.#add({ e: 'io', op, res, bytes, value: shown(value), cause, made })
  }

  resource(op: string, res: number, at?: string): number {
    return this.#add({ e: 'res', op, res, at })
  }

  packet(op: string, id: number, from: string, to: string, bytes: number): number {
    return this.#add({ e: 'packet', op, id, from, to, bytes })
  }

  ready(res: number, op: IoCause['op']): void {
    this.told.push([res, op])
    this.depth++
  }

  over(): void {
    this.depth--
  }

  /** The `io` events of one kind. */
  of(op: string): Entry[] {
    return this.entries.filter((entry) => entry.e === 'io' && entry.op === op)
  }

  #add(event: Readonly<Record<string, unknown>>): number {
    const n = this.entries.length
    this.entries.push({ n, ...event } as unknown as Entry)
    return n
  }
}

function shown(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
}
