/**
 * Draws the part of the lanes that is in view.
 */

import type { LaneScale } from './lane-scale.js'
import { type Colors, drawArrow, drawEnd, drawStretch } from './lane-shapes.js'
import type { Lane, Timeline } from './timeline.js'

/** The height of a row, and of the axis above them, in CSS pixels. */
export const ROW = 24
export const AXIS = 24
/** Between steps that are nearer there is no room for an arrow within a lane. */
const MIN_ARROW = 12
/** The number of the step is no further to the right in a wide one. */
const MAX_NUMBERED = 160

/** What is marked in the lanes. */
export interface LaneMarks {
  /** The step that is shown. */
  readonly step: number
  /** The step that caused it; 0 if none did. */
  readonly cause: number
  /** The task that is looked at. */
  readonly selected: number
  /** Steps after it are not drawn: they are to be predicted. */
  readonly hidden: boolean
}

/** What is drawn. Positions are those of the canvas. */
export interface LaneView {
  readonly index: Timeline
  readonly rows: readonly Lane[]
  readonly rowOf: ReadonlyMap<number, number>
  readonly scale: LaneScale
  readonly marks: LaneMarks
  readonly colors: Colors
  readonly width: number
  readonly height: number
  /** The width of the names. */
  readonly gutter: number
  /** Where the axis begins, and the first row. */
  readonly left: number
  readonly top: number
}

/** Draws the lanes on a canvas. */
export function drawLanes(context: CanvasRenderingContext2D, view: LaneView): void {
  const { index, rows, scale, marks, colors, width, height, left, top } = view
  context.fillStyle = colors.surface
  context.fillRect(0, 0, width, height)
  if (index.stepCount === 0) return

  const x = left + scale.start(marks.step)
  const end = x + scale.widthOf(marks.step)
  const first = Math.max(0, Math.floor((AXIS - top) / ROW))
  const last = Math.min(rows.length, Math.ceil((height - top) / ROW))
  context.fillStyle = colors.cursor
  context.fillRect(x, AXIS, end - x, height)
  for (let row = first; row < last; row++) {
    const y = top + row * ROW
    context.fillStyle = colors.grid
    context.fillRect(0, y + ROW - 1, width, 1)
    drawLane(context, view, rows[row] as Lane, y) // It is within the rows.
  }
  // What comes later is pale.
  context.globalAlpha = 0.5
  context.fillStyle = colors.surface
  context.fillRect(Math.max(end, 0), AXIS, width, height)
  context.globalAlpha = 1
  drawCause(context, view)
  drawNames(context, view, first, last)
  drawAxis(context, view, x)
}

function drawLane(
  context: CanvasRenderingContext2D,
  { scale, marks, colors, width, left }: LaneView,
  { stretches, outcome }: Lane,
  y: number,
): void {
  const limit = marks.hidden ? marks.step : Number.POSITIVE_INFINITY
  const first = firstWhere(stretches, ({ to }) => left + scale.x(to) >= 0)
  let drawnTo = Number.NEGATIVE_INFINITY
  for (const stretch of stretches.slice(first, first + width)) {
    const { kind, from, to } = stretch
    const x = left + scale.x(from)
    if (from.step >= limit || x > width) return
    let end = left + scale.x(to.step > limit ? { ...to, step: limit } : to)
    if (kind === 'runs') end = Math.max(end, x + scale.widthOf(from.step + 1))
    // Of stretches in the same pixel, one is enough.
    if (end <= x || (end < drawnTo + 0.5 && kind !== 'runs')) continue
    drawStretch(context, colors, stretch, Math.max(x, -10), Math.min(end, width + 10), y, ROW)
    drawnTo = end
  }
  const to = stretches.at(-1)?.to
  if (outcome === undefined || to === undefined || to.step > limit) return
  const x = left + scale.x(to) + (scale.axis === 'time' ? 4 : 0)
  if (x > 0 && x < width + 10) drawEnd(context, colors, outcome, x, y, ROW)
}

function drawCause(context: CanvasRenderingContext2D, view: LaneView): void {
  const { index, rowOf, scale, marks, colors, left, top } = view
  if (marks.cause === 0) return
  const [from, to] = [index.step(marks.cause).co, index.step(marks.step).co].map((co) => rowOf.get(co))
  if (from === undefined || to === undefined) return
  const width = scale.widthOf(marks.cause)
  const start = left + scale.start(marks.cause) + width - Math.min(4, width / 2)
  const end = left + scale.start(marks.step) + 1
  if (from === to && end - start < MIN_ARROW) return
  const middle = (row: number): number => top + row * ROW + ROW / 2 - 0.5
  drawArrow(context, colors, { x: start, y: middle(from) }, { x: end, y: middle(to) })
}

function drawNames(context: CanvasRenderingContext2D, view: LaneView, first: number, last: number): void {
  const { index, rows, marks, colors, height, gutter, top } = view
  const running = index.step(marks.step).co
  context.fillStyle = colors.surface
  context.fillRect(0, 0, gutter, height)
  context.fillStyle = colors.grid
  context.fillRect(gutter, 0, 1, height)
  context.textBaseline = 'middle'
  for (let row = first; row < last; row++) {
    const { id, label, outcome, stretches } = rows[row] as Lane // It is within the rows.
    const y = top + row * ROW
    const now = id === running
    if (now) {
      context.fillStyle = colors.run
      context.fillRect(0, y + 3, 3, ROW - 7)
    }
    const ended = outcome !== undefined && (stretches.at(-1)?.to.step ?? 0) < marks.step
    context.fillStyle = ended && !now ? colors.faint : colors.text
    context.font = `${now ? '600 ' : ''}12.5px ${colors.font}`
    const text = cut(context, label, gutter - 20)
    context.fillText(text, 12, y + ROW / 2)
    if (id === marks.selected && !now) {
      context.fillRect(12, y + ROW / 2 + 7, context.measureText(text).width, 1)
    }
  }
}

function drawAxis(context: CanvasRenderingContext2D, view: LaneView, x: number): void {
  const { scale, colors, width, gutter, left } = view
  const bySteps = scale.axis === 'steps'
  context.fillStyle = colors.surface
  context.fillRect(0, 0, width, AXIS)
  context.fillStyle = colors.grid
  context.fillRect(0, AXIS - 1, width, 1)
  context.font = `11px ${colors.font}`
  context.textBaseline = 'middle'
  context.fillStyle = colors.faint
  context.fillText(bySteps ? 'step' : 'time (ms)', 12, AXIS / 2)
  context.save()
  context.beginPath()
  context.rect(gutter + 1, 0, width - gutter, AXIS)
  context.clip()
  const every = tick(64 / scale.unit, bySteps)
  const begin = scale.begin + (gutter - left) / scale.unit
  for (let value = Math.floor(begin / every) * every; value <= scale.end; value += every) {
    // Steps are numbered from 1, and a number is above the middle of its step.
    const place = left + (value - scale.begin - (bySteps ? 0.5 : 0)) * scale.unit
    if (place > width + 40) break
    if (value < (bySteps ? 1 : scale.begin)) continue
    const text = Number(value.toFixed(6)).toLocaleString('en')
    const half = context.measureText(text).width / 2
    const near = Math.abs(place - x - (bySteps ? scale.unit / 2 : 0)) < half + 26
    if (!near && place - half > gutter) context.fillText(text, place - half, AXIS / 2)
  }
  drawNumber(context, view, x)
  context.restore()
}

/** The number of the step, or its time, at its place on the axis. */
function drawNumber(context: CanvasRenderingContext2D, view: LaneView, x: number): void {
  const { index, scale, marks, colors, width, gutter } = view
  const number = scale.axis === 'steps' ? marks.step : Number(index.step(marks.step).t.toFixed(3))
  const text = number.toLocaleString('en')
  context.font = `600 11px ${colors.font}`
  const half = context.measureText(text).width / 2
  const place = x + Math.min(scale.widthOf(marks.step), MAX_NUMBERED) / 2
  const middle = Math.min(Math.max(place, gutter + half + 8), width - half - 8)
  context.fillStyle = colors.run
  context.beginPath()
  context.roundRect(middle - half - 5, 4, 2 * half + 10, AXIS - 8, 4)
  context.fill()
  context.fillStyle = colors.onRun
  context.fillText(text, middle - half, AXIS / 2 + 0.5)
}

/** The first place in a list from which on something holds. */
export function firstWhere<T>(list: readonly T[], holds: (item: T) => boolean): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(list[middle] as T)) high = middle
    else low = middle + 1
  }
  return low
}

/** 1, 2 or 5 times a power of ten, not less than this. */
function tick(least: number, whole: boolean): number {
  const power = 10 ** Math.floor(Math.log10(least))
  const nice = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= least) ?? 10 * power
  return whole ? Math.max(1, nice) : nice
}

/** A label that is cut if it is long. Its id is kept: it tells tasks of one name apart. */
function cut(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text
  const [, name = text, id = ''] = /^(.*)(#\d+)$/.exec(text) ?? []
  let kept = Math.min(name.length, 60)
  while (kept > 1 && context.measureText(`${name.slice(0, kept)}…${id}`).width > width) kept--
  return `${name.slice(0, kept)}…${id}`
}
