/**
 * `trace 5s`: records a scheduler for some time, and gives the recording in parts, between which
 * the loop has its turns.
 */

import { record, stringify, type Trace } from '@bluelet/scheduler/trace'
import type { Watches } from './watches.js'

/** The longest recording, in seconds. */
const MAX_SECONDS = 600

/** The default of the number of events that are kept. */
const MAX_EVENTS = 50_000

/** The number of events in one part, which takes the loop about a millisecond. */
const EVENTS_IN_PART = 500

/** The number of recordings at a time, each of which costs every step. */
const MAX_RECORDINGS = 4

/** Recordings for clients. */
export class Tracing {
  readonly #watches: Watches
  /** Each ends a recording that is under way. */
  readonly #stops = new Set<() => void>()

  constructor(watches: Watches) {
    this.#watches = watches
  }

  /**
   * Records for some time.
   *
   * @param argument `5s` or `500ms`; then the number of a scheduler, if it is not the first one
   * @param send receives each part of the text, and whether there is more
   * @param limit the number of events that are kept, the latest ones
   */
  start(argument: string, send: (text: string, more: boolean) => void, limit: number = MAX_EVENTS): void {
    const [, amount = '', unit, number = ''] = /^(\d{1,6})(ms|s)(?: +(\d{1,9}))?$/.exec(argument) ?? []
    const ms = Number(amount) * (unit === 's' ? 1000 : 1)
    if (unit === undefined || ms === 0 || ms > MAX_SECONDS * 1000) {
      send(`trace: expected a time of at most ${MAX_SECONDS} s: trace 5s, or trace 500ms\n`, false)
      return
    }
    const watch = [...this.#watches].find((each) => number === '' || each.number === Number(number))
    if (watch === undefined) {
      send(`trace: there is no scheduler ${number === '' ? '' : `${number} `}with tasks\n`, false)
      return
    }
    if (this.#stops.size === MAX_RECORDINGS) {
      send(`trace: ${MAX_RECORDINGS} recordings are under way; try again when one has ended\n`, false)
      return
    }
    // No values: they may be secrets.
    const recording = record(watch.scheduler, { values: false, limit })
    const stop = (): void => {
      clearTimeout(timer)
      this.#stops.delete(stop)
      sendParts(recording.stopInPieces(EVENTS_IN_PART)[Symbol.iterator](), send)
    }
    const timer = setTimeout(stop, ms)
    timer.unref()
    this.#stops.add(stop)
  }

  /** Ends the recordings that are under way. */
  close(): void {
    for (const stop of this.#stops) stop()
  }
}

/** Sends the header with the first events, and the others later. */
function sendParts(pieces: Iterator<Trace>, send: (text: string, more: boolean) => void): void {
  let piece = pieces.next()
  const { header } = piece.value as Trace // There is at least one.
  send(stringify({ header, events: [] }), true)
  const sendNext = (): void => {
    const { events } = piece.value as Trace // It is not the end.
    piece = pieces.next()
    const more = piece.done !== true
    send(events.map((event) => `${JSON.stringify(event)}\n`).join(''), more)
    if (more) setImmediate(sendNext)
  }
  setImmediate(sendNext)
}
