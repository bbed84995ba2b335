/**
 * The horizontal axis of the lanes: steps, each as wide as the others, or time. All positions are
 * CSS pixels from where the axis begins.
 */

import type { Instant } from '@bluelet/scheduler/trace/stretches'
import type { Timeline } from './timeline.js'

/** What the axis counts. */
export type Axis = 'steps' | 'time'

/** The width of a step at the beginning: at least, unless all of them fit; at most. */
const MIN_STEP = 12
const MAX_STEP = 64
/** The width of a step when it is zoomed. */
const MAX_ZOOMED = 160
/** In virtual time a step takes no time. */
const MIN_WIDTH = 3
/** A browser lays out nothing that is wider. */
const MAX_WIDTH = 8_000_000

/** The axis of a trace. */
export class LaneScale {
  readonly #index: Timeline
  readonly #begin: number
  readonly #duration: number
  #axis: Axis
  #room = 100
  /** The width of a step, or of a millisecond. */
  #unit = MAX_STEP
  /** The reader has chosen the scale. */
  #zoomed = false

  constructor(index: Timeline, axis: Axis) {
    const { events } = index.trace
    this.#index = index
    this.#axis = axis
    this.#begin = events[0]?.t ?? 0
    this.#duration = Math.max(0.001, (events.at(-1)?.t ?? 0) - this.#begin)
    this.#fit()
  }

  get axis(): Axis {
    return this.#axis
  }

  /** The width of a step, or of a millisecond. */
  get unit(): number {
    return this.#unit
  }

  /** What is at the left end of the axis: a number of steps, or a time. */
  get begin(): number {
    return this.#axis === 'steps' ? 0 : this.#begin
  }

  /** What is at its right end. */
  get end(): number {
    return this.begin + this.#span
  }

  /** The length of the axis. */
  get width(): number {
    return this.#span * this.#unit
  }

  /** Fits the axis into a window, unless the reader has chosen another scale. */
  fitInto(room: number): void {
    this.#room = Math.max(50, room)
    if (!this.#zoomed) this.#fit()
    this.#unit = Math.max(this.#unit, this.#least)
  }

  setAxis(axis: Axis): void {
    this.#axis = axis
    this.#zoomed = false
    this.#fit()
  }

  zoom(factor: number): void {
    this.#zoomed = true
    const most = this.#axis === 'steps' ? MAX_ZOOMED : this.#least * 100_000
    this.#unit = Math.min(Math.max(this.#unit * factor, this.#least), most, MAX_WIDTH / this.#span)
  }

  /** Shows everything at once. */
  zoomOut(): void {
    this.#zoomed = true
    this.#unit = this.#least
  }

  x({ step, t }: Instant): number {
    return (this.#axis === 'steps' ? step : t - this.#begin) * this.#unit
  }

  /** Where a step begins. */
  start(step: number): number {
    return this.x({ step: step - 1, t: this.#index.step(step).t })
  }

  /** How wide a step is drawn. */
  widthOf(step: number): number {
    if (this.#axis === 'steps') return this.#unit
    const { t } = this.#index.step(step)
    return Math.max(MIN_WIDTH, ((this.#index.result(step)?.t ?? t) - t) * this.#unit)
  }

  /** The step at a position, or the last one before it. */
  stepAt(x: number): number {
    if (this.#axis === 'time') return this.#index.stepAtTime(x / this.#unit + this.#begin)
    return Math.min(Math.max(1, Math.floor(x / this.#unit) + 1), this.#index.stepCount)
  }

  get #span(): number {
    return this.#axis === 'steps' ? Math.max(1, this.#index.stepCount) : this.#duration
  }

  get #least(): number {
    return this.#room / this.#span
  }

  #fit(): void {
    const least = this.#least
    if (this.#axis === 'time') this.#unit = least
    else this.#unit = Math.min(Math.max(least, MIN_STEP), Math.max(MAX_STEP, least), MAX_WIDTH / this.#span)
  }
}
