/**
 * The memory of a recording: the latest events, in columns. An object for each event would cost
 * more than the step that it describes.
 */

/** What few events have, beside the columns. */
export interface Extra {
  /** Where it was: a text, or what makes one when the trace is made. */
  readonly at?: string | (() => string | undefined) | undefined
  readonly locals?: Readonly<Record<string, string>> | undefined
  readonly tasks?: readonly number[] | undefined
  readonly made?: number | undefined
  readonly grace?: number | undefined
}

/** The columns of one event. What they mean depends on its kind; see entries.ts. */
export interface Entry {
  readonly n: number
  readonly t: number
  readonly kind: number
  readonly op: number
  readonly id: number
  readonly ref: number | null
  readonly other: number
  readonly x: number
  readonly text: string | undefined
  readonly text2: string | undefined
  readonly extra: Extra | undefined
}

/** The number of events for which there is room at first. */
const FIRST_ROOM = 1024

/** The latest events, up to a limit. */
export class Ring {
  readonly #limit: number
  #room: number
  #kind: Uint8Array
  #op: Uint8Array
  #t: Float64Array
  #x: Float64Array
  #id: Int32Array
  #ref: Int32Array
  #other: Int32Array
  /** The engine keeps a string once, however many events refer to it. */
  #text: (string | undefined)[] = []
  #text2: (string | undefined)[] = []
  readonly #extras = new Map<number, Extra>()
  /** The number of the next event. */
  next = 0

  /** @param limit how many events are kept: a positive integer */
  constructor(limit: number) {
    this.#limit = limit
    this.#room = Math.min(limit, FIRST_ROOM)
    this.#kind = new Uint8Array(this.#room)
    this.#op = new Uint8Array(this.#room)
    this.#t = new Float64Array(this.#room)
    this.#x = new Float64Array(this.#room)
    this.#id = new Int32Array(this.#room)
    this.#ref = new Int32Array(this.#room)
    this.#other = new Int32Array(this.#room)
  }

  /** The number of events that are kept. */
  get size(): number {
    return Math.min(this.next, this.#limit)
  }

  /** The number of events that were dropped. */
  get dropped(): number {
    return this.next - this.size
  }

  /**
   * Adds an event, in place of the oldest one if the ring is full.
   *
   * @param ref the number of the event that it refers to; null if there is none
   * @returns its number
   */
  add(
    kind: number,
    op: number,
    t: number,
    id: number,
    ref: number | null,
    other = 0,
    x = 0,
    text: string | undefined = undefined,
    text2: string | undefined = undefined,
  ): number {
    const n = this.next++
    if (n >= this.#room && this.#room < this.#limit) this.#grow()
    const i = n % this.#room
    if (this.#extras.size > 0) this.#extras.delete(i)
    this.#kind[i] = kind
    this.#op[i] = op
    this.#t[i] = t
    this.#x[i] = x
    this.#id[i] = id
    this.#ref[i] = ref === null ? 0 : n - ref // Numbers grow without bound; distances do not.
    this.#other[i] = other
    this.#text[i] = text
    this.#text2[i] = text2
    return n
  }

  /** Adds what has no column to the latest event. */
  extend(extra: Extra): void {
    this.#extras.set((this.next - 1) % this.#room, extra)
  }

  /** One of the events that are kept. */
  entry(n: number): Entry {
    const i = n % this.#room
    const ref = this.#ref[i] as number // It is kept.
    return {
      n,
      t: this.#t[i] as number,
      kind: this.#kind[i] as number,
      op: this.#op[i] as number,
      id: this.#id[i] as number,
      ref: ref === 0 ? null : n - ref,
      other: this.#other[i] as number,
      x: this.#x[i] as number,
      text: this.#text[i],
      text2: this.#text2[i],
      extra: this.#extras.get(i),
    }
  }

  /** The ring is not full, so that each event is at the index that is its number. */
  #grow(): void {
    this.#room = Math.min(this.#room * 2, this.#limit)
    this.#kind = grown(this.#kind, new Uint8Array(this.#room))
    this.#op = grown(this.#op, new Uint8Array(this.#room))
    this.#t = grown(this.#t, new Float64Array(this.#room))
    this.#x = grown(this.#x, new Float64Array(this.#room))
    this.#id = grown(this.#id, new Int32Array(this.#room))
    this.#ref = grown(this.#ref, new Int32Array(this.#room))
    this.#other = grown(this.#other, new Int32Array(this.#room))
  }
}

function grown<C extends { set(values: C): void }>(from: C, to: C): C {
  to.set(from)
  return to
}
