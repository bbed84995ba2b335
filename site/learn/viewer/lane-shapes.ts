/**
 * The shapes of the lanes. Each state has a shape of its own, so that a reader who sees no colours
 * can tell them apart: a full bar runs, a hollow bar is ready, a thin line waits; hatched, the task
 * cleans up.
 */

import type { Stretch } from '@bluelet/scheduler/trace/stretches'
import type { Lane } from './timeline.js'

/** The colours of the page, and its font. */
export interface Colors {
  readonly surface: string
  readonly text: string
  readonly faint: string
  readonly grid: string
  readonly cursor: string
  readonly run: string
  readonly onRun: string
  readonly ready: string
  readonly wait: string
  readonly clean: string
  readonly cause: string
  readonly font: string
}

/** Reads the colours that the style sheet gives an element. A canvas cannot use it. */
export function readColors(element: HTMLElement): Colors {
  const probe = document.createElement('span')
  probe.hidden = true
  element.after(probe)
  const style = getComputedStyle(probe)
  const color = (name: string): string => {
    probe.style.color = `var(--${name})`
    return style.color
  }
  const colors = {
    surface: color('surface'),
    text: color('text'),
    faint: color('faint'),
    grid: color('grid'),
    cursor: color('now'),
    run: color('run'),
    onRun: color('on-run'),
    ready: color('ready'),
    wait: color('wait'),
    clean: color('clean'),
    cause: color('cause'),
    font: style.fontFamily,
  }
  probe.remove()
  return colors
}

/** Draws what a task does for a while. */
export function drawStretch(
  context: CanvasRenderingContext2D,
  colors: Colors,
  { kind, cleansUp: cleaning }: Stretch,
  from: number,
  to: number,
  y: number,
  height: number,
): void {
  const middle = y + height / 2
  const width = to - from
  const gap = width > 8 ? 1 : 0
  if (kind === 'runs') {
    context.fillStyle = cleaning ? colors.clean : colors.run
    context.beginPath()
    context.roundRect(from + gap, y + 4, Math.max(1, width - 2 * gap), height - 9, width > 8 ? 3 : 0)
    context.fill()
    if (cleaning) hatch(context, colors.surface, from, y + 4, width, height - 9)
  } else if (kind === 'ready') {
    context.strokeStyle = cleaning ? colors.clean : colors.ready
    context.lineWidth = 1.25
    if (width > 4) context.strokeRect(from + 1.5, middle - 4, width - 3, 7)
    else {
      context.fillStyle = context.strokeStyle
      context.fillRect(from, middle - 1, Math.max(1, width), 2)
    }
  } else {
    context.fillStyle = cleaning ? colors.clean : colors.wait
    context.fillRect(from, middle - (cleaning ? 1.5 : 0.75), Math.max(1, width), cleaning ? 3 : 1.5)
    if (cleaning) hatch(context, colors.surface, from, middle - 1.5, width, 3)
  }
}

/** Draws how a task ended: it returned, it threw, or it was killed. */
export function drawEnd(
  context: CanvasRenderingContext2D,
  colors: Colors,
  outcome: NonNullable<Lane['outcome']>,
  x: number,
  y: number,
  height: number,
): void {
  const middle = y + height / 2 - 0.5
  context.lineWidth = 2
  context.strokeStyle =
    outcome === 'returned' ? colors.wait : outcome === 'threw' ? colors.cause : colors.clean
  context.beginPath()
  if (outcome === 'returned') {
    context.moveTo(x + 1, y + 5)
    context.lineTo(x + 1, y + height - 6)
  } else {
    const from = x + 3
    context.moveTo(from, middle - 3.5)
    context.lineTo(from + 7, middle + 3.5)
    context.moveTo(from, middle + 3.5)
    context.lineTo(from + 7, middle - 3.5)
    if (outcome === 'killed') context.rect(from - 1, middle - 4.5, 9, 9)
  }
  context.stroke()
}

/** Draws the arrow from a cause to what it caused: from the end of a step to the start of one. */
export function drawArrow(
  context: CanvasRenderingContext2D,
  colors: Colors,
  from: { x: number; y: number },
  to: { x: number; y: number },
): void {
  const level = from.y === to.y
  const near = to.x - from.x < 24
  // In one lane it rises above the bars. Between near steps of two lanes it swings out.
  const bend = level ? Math.min(24, (to.x - from.x) / 3) : near ? 16 : Math.min(60, (to.x - from.x) / 2)
  const rise = level ? -16 : 0
  const tip = 7
  const path = (): void => {
    context.beginPath()
    context.moveTo(from.x, from.y)
    context.bezierCurveTo(from.x + bend, from.y + rise, to.x - tip - bend, to.y + rise, to.x - tip, to.y)
  }
  // Light around it, so that it is seen on bars and lines.
  context.lineCap = 'round'
  for (const [color, width] of [
    [colors.surface, 5],
    [colors.cause, 2],
  ] as const) {
    context.strokeStyle = color
    context.fillStyle = color
    context.lineWidth = width
    path()
    context.stroke()
    context.beginPath()
    context.arc(from.x, from.y, 2 + width / 2, 0, 2 * Math.PI)
    context.fill()
    context.beginPath()
    context.moveTo(to.x - 1, to.y)
    context.lineTo(to.x - tip, to.y - 4.5)
    context.lineTo(to.x - tip, to.y + 4.5)
    context.closePath()
    if (width > 2) context.stroke()
    context.fill()
  }
  context.lineCap = 'butt'
}

function hatch(
  context: CanvasRenderingContext2D,
  color: string,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.save()
  context.beginPath()
  context.rect(x, y, width, height)
  context.clip()
  context.strokeStyle = color
  context.lineWidth = 1.5
  context.beginPath()
  for (let at = x - height; at < x + width; at += 5) {
    context.moveTo(at, y + height)
    context.lineTo(at + height, y)
  }
  context.stroke()
  context.restore()
}
