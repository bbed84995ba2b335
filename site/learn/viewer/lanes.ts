/**
 * The lanes: a row for each task, and what it did when, on a canvas that shows only what is in
 * view. What a task does is told by shape as well as by colour.
 */

import { sentenceOf } from './causes.js'
import { beforeFrame, h, time } from './dom.js'
import { AXIS, drawLanes, firstWhere, type LaneMarks, ROW } from './lane-drawing.js'
import { type Axis, LaneScale } from './lane-scale.js'
import { type Colors, readColors } from './lane-shapes.js'
import type { Lane, Timeline } from './timeline.js'

/** The width of the names, on a wide and on a narrow screen. */
const GUTTER = 148
const NARROW_GUTTER = 92
const NARROW = 600
/** The room that is left before and after the steps. */
const PADDING = 14
/** A click so near to a step of the lane means this step. */
const NEAR = 6

/** The lanes of a trace. */
export class Lanes {
  readonly element: HTMLElement
  readonly #canvas = h('canvas', { role: 'img' })
  readonly #spacer = h('div', { class: 'lanes-spacer' })
  readonly #onSeek: (step: number) => void
  readonly #reveal = (): void => this.#follow()
  readonly #paint = (): void => this.#draw()
  #index: Timeline | null = null
  #scale: LaneScale | null = null
  #rows: readonly Lane[] = []
  #rowOf: ReadonlyMap<number, number> = new Map()
  #marks: LaneMarks = { step: 1, cause: 0, selected: 0, hidden: false }
  #colors: Colors | null = null

  constructor(onSeek: (step: number) => void) {
    this.#onSeek = onSeek
    this.element = h(
      'div',
      { class: 'lanes-scroll', tabindex: '-1', onscroll: () => this.#redraw() },
      this.#canvas,
      this.#spacer,
    )
    this.#canvas.addEventListener('click', (event) => {
      const step = this.#stepAt(event)
      if (step > 0) this.#onSeek(step)
    })
    this.#canvas.addEventListener('mousemove', (event) => this.#describe(this.#stepAt(event)))
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8)
    }
    this.element.addEventListener('wheel', onWheel, { passive: false })
    new ResizeObserver(() => {
      this.#layOut()
      this.#follow()
    }).observe(this.element)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#colors = null
      this.#redraw()
    })
  }

  get axis(): Axis {
    return this.#scale?.axis ?? 'steps'
  }

  /** Shows the lanes of these tasks. */
  show(index: Timeline, rows: readonly Lane[]): void {
    if (index !== this.#index) this.#scale = new LaneScale(index, this.axis)
    this.#index = index
    this.#rows = rows
    this.#rowOf = new Map(rows.map(({ id }, row) => [id, row]))
    this.#canvas.setAttribute(
      'aria-label',
      `Lanes of ${rows.length} tasks. The tab "Table" has the same as text.`,
    )
    this.#layOut()
  }

  setAxis(axis: Axis): void {
    this.#scale?.setAxis(axis)
    this.#layOut()
    this.#follow()
  }

  /** Makes steps wider or narrower, about the one that is shown. */
  zoom(factor: number): void {
    if (this.#scale === null) return
    const { step } = this.#marks
    const before = this.#scale.start(step) - this.element.scrollLeft
    this.#scale.zoom(factor)
    this.#layOut()
    this.element.scrollLeft = this.#scale.start(step) - before
  }

  /** Shows everything at once. */
  zoomOut(): void {
    this.#scale?.zoomOut()
    this.#layOut()
  }

  /** Marks a step, and scrolls to it. */
  mark(marks: LaneMarks): void {
    this.#marks = marks
    beforeFrame(this.#reveal)
    this.#redraw()
  }

  /** Marks the task that is looked at. */
  select(selected: number): void {
    this.#marks = { ...this.#marks, selected }
    this.#redraw()
  }

  get #gutter(): number {
    return this.element.clientWidth < NARROW ? NARROW_GUTTER : GUTTER
  }

  #redraw(): void {
    beforeFrame(this.#paint)
  }

  #layOut(): void {
    if (this.#scale === null) return
    const margins = this.#gutter + 2 * PADDING
    this.#scale.fitInto(this.element.clientWidth - margins)
    const height = `${AXIS + this.#rows.length * ROW + 6}px`
    this.#spacer.style.width = `${Math.floor(margins + this.#scale.width)}px`
    this.#spacer.style.height = height
    this.element.style.setProperty('--lanes-height', height)
    this.#redraw()
  }

  /** Scrolls to the step that is shown. */
  #follow(): void {
    const [index, scale] = [this.#index, this.#scale]
    if (index === null || scale === null || index.stepCount === 0) return
    const { clientWidth, clientHeight, scrollLeft, scrollTop } = this.element
    const x = this.#gutter + PADDING + scale.start(this.#marks.step)
    const right = scrollLeft + clientWidth - PADDING - Math.min(2 * scale.unit, clientWidth / 4)
    if (x < scrollLeft + this.#gutter + PADDING || x > right) {
      this.element.scrollLeft = x - (this.#gutter + clientWidth) / 2
    }
    const row = this.#rowOf.get(index.step(this.#marks.step).co)
    if (row === undefined) return
    const y = AXIS + row * ROW
    if (y < scrollTop + AXIS) this.element.scrollTop = y - AXIS - ROW
    else if (y + ROW > scrollTop + clientHeight) this.element.scrollTop = y + 2 * ROW - clientHeight
  }

  #describe(step: number): void {
    if (step === 0 || this.#index === null) return
    const sentence = sentenceOf(this.#index, step)
    this.#canvas.title = this.#marks.hidden
      ? ''
      : `Step ${step}, ${time(this.#index.step(step).t)}: ${sentence}.`
  }

  /** The step that is meant by a place: that of the lane if it is near, or the latest. */
  #stepAt({ offsetX, offsetY }: MouseEvent): number {
    const [index, scale] = [this.#index, this.#scale]
    if (index === null || scale === null || index.stepCount === 0) return 0
    const x = offsetX + this.element.scrollLeft - this.#gutter - PADDING
    const step = scale.stepAt(x)
    const lane = this.#rows[Math.floor((offsetY + this.element.scrollTop - AXIS) / ROW)]
    if (lane === undefined || offsetY < AXIS) return step
    const before = (limit: number): number | undefined =>
      lane.steps[firstWhere(lane.steps, (of) => of > limit) - 1]
    // A name: the step of the task that is shown, or the latest before it, or its first.
    if (offsetX < this.#gutter) return before(this.#marks.step) ?? lane.steps[0] ?? step
    const near = before(step)
    return near !== undefined && scale.start(near) + scale.widthOf(near) + NEAR > x ? near : step
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height, scrollLeft, scrollTop } = this.element
    const context = this.#canvas.getContext('2d')
    if (context === null || this.#index === null || this.#scale === null) return
    const ratio = devicePixelRatio
    const [pixels, lines] = [Math.round(width * ratio), Math.round(height * ratio)]
    if (this.#canvas.width !== pixels || this.#canvas.height !== lines) {
      this.#canvas.width = pixels
      this.#canvas.height = lines
      this.#canvas.style.width = `${width}px`
      this.#canvas.style.height = `${height}px`
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.#colors ??= readColors(this.#canvas)
    drawLanes(context, {
      ...{ index: this.#index, rows: this.#rows, rowOf: this.#rowOf, scale: this.#scale },
      ...{ marks: this.#marks, colors: this.#colors, width, height, gutter: this.#gutter },
      ...{ left: this.#gutter + PADDING - scrollLeft, top: AXIS - scrollTop },
    })
  }
}
