/**
 * The lanes: a row for each task, and what it did when, on a canvas that shows only what is in
 * view. What a task does is told by shape as well as by colour.
 */

import { sentenceOf } from './causes.js'
import { beforeFrame, h, time } from './dom.js'
import { type Colors, drawArrow, drawEnd, drawPiece, readColors } from './lane-shapes.js'
import type { Lane, Timeline } from './timeline.js'

/** The height of a row, and of the axis above them, in CSS pixels. */
const ROW = 24
const AXIS = 24
/** The width of the names, on a wide and on a narrow screen. */
const GUTTER = 148
const NARROW_GUTTER = 92
/** The room that is left before and after the steps. */
const PADDING = 14
/** The width of a step when a trace is opened: at least, unless all of them fit; at most. */
const MIN_STEP = 12
const MAX_STEP = 34
/** A click so near to a step of the lane means this step. */
const NEAR = 6
/** A browser lays out nothing that is wider. */
const MAX_WIDTH = 8_000_000

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

/** What the axis counts. */
export type Axis = 'steps' | 'time'

/** The lanes of a trace. */
export class Lanes {
  readonly element: HTMLElement
  readonly #canvas = h('canvas', { role: 'img' })
  readonly #spacer = h('div', { class: 'lanes-spacer' })
  readonly #scroll: HTMLElement
  readonly #onSeek: (step: number) => void
  #index: Timeline | null = null
  #rows: readonly Lane[] = []
  #rowOf = new Map<number, number>()
  #marks: LaneMarks = { step: 1, cause: 0, selected: 0, hidden: false }
  #axis: Axis = 'steps'
  #colors: Colors | null = null
  readonly #reveal = (): void => this.#follow()
  readonly #paint = (): void => this.#draw()
  /** CSS pixels for a step, or for a millisecond. */
  #scale = MAX_STEP
  /** The reader has chosen the scale. */
  #zoomed = false

  constructor(onSeek: (step: number) => void) {
    this.#onSeek = onSeek
    this.#scroll = h(
      'div',
      { class: 'lanes-scroll', tabindex: '-1', onscroll: () => this.redraw() },
      this.#canvas,
      this.#spacer,
    )
    this.element = this.#scroll
    this.#canvas.addEventListener('click', (event) => this.#click(event))
    this.#canvas.addEventListener('mousemove', (event) => this.#hover(event))
    this.#scroll.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return
        event.preventDefault()
        this.zoom(event.deltaY < 0 ? 1.25 : 0.8)
      },
      { passive: false },
    )
    new ResizeObserver(() => this.#resized()).observe(this.#scroll)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#colors = null
      this.redraw()
    })
  }

  get axis(): Axis {
    return this.#axis
  }

  /** Shows the lanes of these tasks. */
  show(index: Timeline, rows: readonly Lane[]): void {
    const same = index === this.#index
    this.#index = index
    this.#rows = rows
    this.#rowOf = new Map(rows.map(({ id }, row) => [id, row]))
    if (!same) this.#fit()
    this.#layOut()
  }

  setAxis(axis: Axis): void {
    this.#axis = axis
    this.#fit()
    this.#layOut()
    this.#follow()
  }

  /** Makes steps wider or narrower, about the one that is shown. */
  zoom(factor: number): void {
    this.#zoomed = true
    const before = this.#x(this.#marks.step) - this.#scroll.scrollLeft
    this.#scale = Math.min(Math.max(this.#scale * factor, this.#least()), this.#most())
    this.#layOut()
    this.#scroll.scrollLeft = this.#x(this.#marks.step) - before
  }

  /** Shows everything at once. */
  zoomOut(): void {
    this.#zoomed = true
    this.#scale = this.#least()
    this.#layOut()
  }

  /** Marks a step, and scrolls to it. */
  mark(marks: LaneMarks): void {
    this.#marks = marks
    beforeFrame(this.#reveal)
    this.redraw()
  }

  /** Marks the task that is looked at. */
  select(selected: number): void {
    this.#marks = { ...this.#marks, selected }
    this.redraw()
  }

  /** Draws again, before the next frame. */
  redraw(): void {
    beforeFrame(this.#paint)
  }

  // The axis

  /** The end of the axis, in its unit, and its beginning. */
  #extent(): { from: number; to: number } {
    const events = this.#index?.trace.events ?? []
    if (this.#axis === 'steps') return { from: 0, to: Math.max(1, this.#index?.stepCount ?? 1) }
    const from = events[0]?.t ?? 0
    return { from, to: Math.max(from + 0.001, events.at(-1)?.t ?? 0) }
  }

  #span(): number {
    const { from, to } = this.#extent()
    return to - from
  }

  #room(): number {
    return Math.max(50, this.#scroll.clientWidth - this.#gutter() - 2 * PADDING)
  }

  #least(): number {
    return this.#room() / this.#span()
  }

  #most(): number {
    return Math.min(this.#axis === 'steps' ? 120 : this.#least() * 100_000, MAX_WIDTH / this.#span())
  }

  #resized(): void {
    if (this.#index === null) return
    if (!this.#zoomed) this.#fit()
    this.#layOut()
    this.#follow()
  }

  #fit(): void {
    this.#zoomed = false
    const least = this.#least()
    this.#scale =
      this.#axis === 'time'
        ? least
        : Math.min(least >= MIN_STEP ? Math.min(least, MAX_STEP) : MIN_STEP, this.#most())
  }

  #gutter(): number {
    return this.#scroll.clientWidth < 600 ? NARROW_GUTTER : GUTTER
  }

  /** Where an index is, from the left of all that can be scrolled. */
  #xOf(index: number, isEnd: boolean): number {
    const trace = this.#index as Timeline // Rows exist.
    const { from } = this.#extent()
    const position =
      this.#axis === 'steps'
        ? isStart(trace, index) && !isEnd
          ? trace.stepAt(index) - 1
          : trace.stepAt(Math.min(index, trace.trace.events.length) - (isStart(trace, index) ? 1 : 0))
        : (trace.trace.events[Math.min(index, trace.trace.events.length - 1)]?.t ?? 0) - from
    return this.#gutter() + PADDING + position * this.#scale
  }

  /** Where a step begins. */
  #x(step: number): number {
    if (this.#index === null || this.#index.stepCount === 0) return 0
    return this.#xOf(this.#index.indexOf(step), false)
  }

  /** How wide a step is drawn. */
  #width(step: number): number {
    if (this.#axis === 'steps') return this.#scale
    const index = this.#index as Timeline // A step exists.
    return Math.max(3, this.#xOf(index.ranUntil(step), true) - this.#x(step))
  }

  // The view

  #layOut(): void {
    this.#scale = Math.max(this.#scale, this.#least())
    const width = this.#gutter() + 2 * PADDING + this.#span() * this.#scale
    this.#spacer.style.width = `${Math.floor(width)}px`
    this.#spacer.style.height = `${AXIS + this.#rows.length * ROW + 6}px`
    this.#scroll.style.setProperty('--lanes-height', `${AXIS + this.#rows.length * ROW + 6}px`)
    const { length } = this.#rows
    this.#canvas.setAttribute('aria-label', `Lanes of ${length} tasks. The tab "Table" has the same as text.`)
    this.redraw()
  }

  #follow(): void {
    if (this.#index === null || this.#index.stepCount === 0) return
    const { clientWidth, clientHeight } = this.#scroll
    const x = this.#x(this.#marks.step)
    const left = this.#scroll.scrollLeft + this.#gutter() + PADDING
    const right = this.#scroll.scrollLeft + clientWidth - 2 * this.#scale - PADDING
    if (x < left || x > right)
      this.#scroll.scrollLeft = x - this.#gutter() - (clientWidth - this.#gutter()) / 2
    const row = this.#rowOf.get(this.#index.resume(this.#marks.step).co)
    if (row === undefined) return
    const y = AXIS + row * ROW
    if (y < this.#scroll.scrollTop + AXIS) this.#scroll.scrollTop = y - AXIS - ROW
    else if (y + ROW > this.#scroll.scrollTop + clientHeight)
      this.#scroll.scrollTop = y + 2 * ROW - clientHeight
  }

  #click(event: MouseEvent): void {
    const step = this.#stepAt(event)
    if (step > 0) this.#onSeek(step)
  }

  #hover(event: MouseEvent): void {
    const step = this.#stepAt(event)
    if (step === 0 || this.#index === null) return
    const { t } = this.#index.resume(step)
    this.#canvas.title = `Step ${step}, ${time(t)}: ${sentenceOf(this.#index, step)}.`
  }

  /** The step that is meant by a place: that of the lane if it is near, or the latest. */
  #stepAt({ offsetX, offsetY }: MouseEvent): number {
    const index = this.#index
    if (index === null || index.stepCount === 0) return 0
    const position = (offsetX + this.#scroll.scrollLeft - this.#gutter() - PADDING) / this.#scale
    const step =
      this.#axis === 'steps'
        ? Math.min(Math.max(1, Math.floor(position) + 1), index.stepCount)
        : index.stepAtTime(position + this.#extent().from)
    const lane = this.#rows[Math.floor((offsetY + this.#scroll.scrollTop - AXIS) / ROW)]
    if (lane === undefined || offsetY < AXIS) return step
    if (offsetX < this.#gutter()) {
      // A name: the step of the task that is nearest to the one that is shown.
      return lane.steps[Math.max(0, lowerBound(lane.steps, this.#marks.step + 1) - 1)] ?? step
    }
    const near = lane.steps[lowerBound(lane.steps, step + 1) - 1]
    const x = offsetX + this.#scroll.scrollLeft
    return near !== undefined && this.#x(near) + this.#width(near) + NEAR > x ? near : step
  }

  // Drawing

  #draw(): void {
    const { clientWidth: width, clientHeight: height, scrollLeft, scrollTop } = this.#scroll
    const ratio = devicePixelRatio
    const canvas = this.#canvas
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio)
      canvas.height = Math.round(height * ratio)
      canvas.style.width = `${width}px`
      canvas.style.height = `${height}px`
    }
    const context = canvas.getContext('2d')
    if (context === null || this.#index === null) return
    this.#colors ??= readColors(canvas)
    const colors = this.#colors
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.fillStyle = colors.surface
    context.fillRect(0, 0, width, height)
    if (this.#index.stepCount === 0) return

    const end = this.#marks.hidden ? this.#index.endOf(this.#marks.step) : Number.POSITIVE_INFINITY
    const first = Math.max(0, Math.floor((scrollTop - AXIS) / ROW))
    const last = Math.min(this.#rows.length, Math.ceil((scrollTop + height - AXIS) / ROW))
    const x = this.#x(this.#marks.step) - scrollLeft
    const running = this.#index.resume(this.#marks.step).co

    context.fillStyle = colors.cursor
    context.fillRect(x, AXIS, this.#width(this.#marks.step), height)
    for (let row = first; row < last; row++) {
      const lane = this.#rows[row] as Lane // Within the rows.
      const y = AXIS + row * ROW - scrollTop
      context.fillStyle = colors.grid
      context.fillRect(0, y + ROW - 1, width, 1)
      this.#drawLane(context, colors, lane, y, scrollLeft, width, end)
    }
    // What comes later is pale.
    const after = x + this.#width(this.#marks.step)
    context.globalAlpha = 0.5
    context.fillStyle = colors.surface
    context.fillRect(Math.max(after, 0), AXIS, width, height)
    context.globalAlpha = 1
    this.#drawCause(context, colors, scrollLeft, scrollTop)
    this.#drawNames(context, colors, first, last, scrollTop, running)
    this.#drawAxis(context, colors, width, scrollLeft, x)
  }

  #drawLane(
    context: CanvasRenderingContext2D,
    colors: Colors,
    lane: Lane,
    y: number,
    scrollLeft: number,
    width: number,
    end: number,
  ): void {
    const index = this.#index as Timeline // It is drawn.
    const { pieces } = lane
    let low = 0
    for (let high = pieces.length; low < high; ) {
      const middle = (low + high) >> 1
      if (this.#xOf((pieces[middle] as Lane['pieces'][number]).to, true) < scrollLeft) low = middle + 1
      else high = middle
    }
    let drawnTo = Number.NEGATIVE_INFINITY
    for (let i = low; i < pieces.length; i++) {
      const piece = pieces[i] as Lane['pieces'][number] // Within the pieces.
      if (piece.from >= end) break
      const from = this.#xOf(piece.from, false) - scrollLeft
      if (from > width) break
      const to =
        piece.kind === 'run'
          ? from + this.#width(index.stepAt(piece.from))
          : this.#xOf(Math.min(piece.to, end), piece.to >= end) - scrollLeft
      // Of pieces in the same pixel, one is enough.
      if (to <= from || (to < drawnTo + 0.5 && piece.kind !== 'run')) continue
      drawPiece(context, colors, piece, Math.max(from, -10), Math.min(to, width + 10), y, ROW)
      drawnTo = to
    }
    if (lane.end !== null && lane.end.index < end) {
      const x = this.#xOf(lane.end.index, true) - scrollLeft
      if (x > 0 && x < width + 10)
        drawEnd(context, colors, lane.end.outcome, Math.max(x, this.#axis === 'time' ? x + 4 : x), y, ROW)
    }
  }

  #drawCause(context: CanvasRenderingContext2D, colors: Colors, scrollLeft: number, scrollTop: number): void {
    const { step, cause } = this.#marks
    if (cause === 0 || this.#index === null) return
    const index = this.#index
    const place = (of: number, end: boolean): { x: number; y: number } | null => {
      const row = this.#rowOf.get(index.resume(of).co)
      if (row === undefined) return null
      const x = this.#x(of) + (end ? this.#width(of) - Math.min(4, this.#width(of) / 2) : 1) - scrollLeft
      return { x, y: AXIS + row * ROW + ROW / 2 - scrollTop }
    }
    const [from, to] = [place(cause, true), place(step, false)]
    if (from === null || to === null) return
    // There is no room between two steps of a lane, one after the other; they are seen to be.
    if (from.y === to.y && to.x - from.x < MIN_STEP) return
    drawArrow(context, colors, from, to)
  }

  #drawNames(
    context: CanvasRenderingContext2D,
    colors: Colors,
    first: number,
    last: number,
    scrollTop: number,
    running: number,
  ): void {
    const gutter = this.#gutter()
    context.fillStyle = colors.surface
    context.fillRect(0, 0, gutter, this.#scroll.clientHeight)
    context.fillStyle = colors.grid
    context.fillRect(gutter, 0, 1, this.#scroll.clientHeight)
    context.textBaseline = 'middle'
    const begun = (this.#index as Timeline).indexOf(this.#marks.step) // It is drawn.
    for (let row = first; row < last; row++) {
      const lane = this.#rows[row] as Lane // Within the rows.
      const y = AXIS + row * ROW - scrollTop
      const now = lane.id === running
      if (now) {
        context.fillStyle = colors.run
        context.fillRect(0, y + 3, 3, ROW - 7)
      }
      const ended = lane.end !== null && lane.end.index < begun
      context.fillStyle = ended && !now ? colors.faint : colors.text
      context.font = `${now ? '600 ' : ''}12.5px ${colors.font}`
      const text = cut(context, lane.label, gutter - 20)
      context.fillText(text, 12, y + ROW / 2)
      if (lane.id === this.#marks.selected && !now) {
        context.fillRect(12, y + ROW / 2 + 7, context.measureText(text).width, 1)
      }
    }
  }

  #drawAxis(
    context: CanvasRenderingContext2D,
    colors: Colors,
    width: number,
    scrollLeft: number,
    x: number,
  ): void {
    const gutter = this.#gutter()
    context.fillStyle = colors.surface
    context.fillRect(0, 0, width, AXIS)
    context.fillStyle = colors.grid
    context.fillRect(0, AXIS - 1, width, 1)
    context.font = `11px ${colors.font}`
    context.textBaseline = 'middle'
    context.fillStyle = colors.faint
    context.fillText(this.#axis === 'steps' ? 'step' : 'time (ms)', 12, AXIS / 2)
    context.save()
    context.beginPath()
    context.rect(gutter + 1, 0, width - gutter, AXIS)
    context.clip()
    const { from, to } = this.#extent()
    const every = tick(64 / this.#scale, this.#axis === 'steps')
    const begin = Math.floor((scrollLeft / this.#scale + from) / every) * every
    for (let value = begin; value <= to; value += every) {
      // Steps are numbered from 1, and a number is above the middle of its step.
      const at = this.#axis === 'steps' ? value - 0.5 : value - from
      const place = gutter + PADDING + at * this.#scale - scrollLeft
      if (place > width + 40) break
      if (this.#axis === 'steps' && value < 1) continue
      const text = Number(value.toFixed(6)).toLocaleString('en')
      const half = context.measureText(text).width / 2
      if (Math.abs(place - x - (this.#axis === 'steps' ? this.#scale / 2 : 0)) < half + 26) continue
      context.fillText(text, place - half, AXIS / 2)
    }
    this.#drawCursorNumber(context, colors, x)
    context.restore()
  }

  #drawCursorNumber(context: CanvasRenderingContext2D, colors: Colors, x: number): void {
    const { step } = this.#marks
    const text =
      this.#axis === 'steps'
        ? step.toLocaleString('en')
        : Number((this.#index as Timeline).resume(step).t.toFixed(3)).toLocaleString('en')
    context.font = `600 11px ${colors.font}`
    const half = context.measureText(text).width / 2
    const middle = Math.min(
      x + Math.min(this.#width(step), MAX_STEP * 4) / 2,
      this.#scroll.clientWidth - half - 8,
    )
    context.fillStyle = colors.run
    context.beginPath()
    context.roundRect(middle - half - 5, 4, 2 * half + 10, AXIS - 8, 4)
    context.fill()
    context.fillStyle = colors.onRun
    context.fillText(text, middle - half, AXIS / 2 + 0.5)
  }
}

function isStart(index: Timeline, at: number): boolean {
  return index.trace.events[at]?.e === 'resume'
}

/** The first place in a sorted list whose number is not smaller. */
function lowerBound(list: readonly number[], number: number): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] as number) < number) low = middle + 1
    else high = middle
  }
  return low
}

/** 1, 2 or 5 times a power of ten, not less than this. */
function tick(least: number, whole: boolean): number {
  const power = 10 ** Math.floor(Math.log10(least))
  const nice = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= least) ?? 10 * power
  return whole ? Math.max(1, nice) : nice
}

function cut(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text
  // The id at the end tells tasks of one name apart.
  const [, name = text, id = ''] = /^(.*)(#\d+)$/.exec(text) ?? []
  let kept = name.length
  while (kept > 1 && context.measureText(`${name.slice(0, kept)}…${id}`).width > width) kept--
  return `${name.slice(0, kept)}…${id}`
}
