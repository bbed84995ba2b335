/**
 * A trace as a picture of lanes: a row for each task, from left to right what it was doing.
 *
 * What a task does shows by shape as well as by colour: it runs (a filled box), is ready (an
 * outlined box), waits (a line), and cleans up (stripes, a dashed line).
 */

import { checkLimit, inspect } from '../../check.js'
import { causeOfResume } from '../cause.js'
import type { ResumeEvent, Trace } from '../schema.js'
import { type Instant, type Lane, lanesOf, type Stretch } from '../stretches.js'
import { indexOf, type TraceIndex } from '../trace-index.js'
import { short, xml } from './escape.js'

/** Options of {@link toSVG}. */
export interface SVGOptions {
  /** What the axis shows: steps, each as wide as the others, or time. The default is `steps`. */
  readonly axis?: 'steps' | 'time'
  /** The number of steps that are drawn, from the first one on. The default is 100. */
  readonly limit?: number
  /** Whether the tasks of the library are drawn, too. The default is false. */
  readonly library?: boolean
  /** The title for screen readers; the default is `What N tasks did in M steps`. */
  readonly title?: string
  /**
   * The beginning of the ids in it, which must differ from those of other pictures in a page: a
   * letter, then letters, digits, `-` and `_`. The default is `bl`.
   */
  readonly id?: string
}

// In pixels.
const ROW = 32
const BOX = 14
const MIN_STEP = 22
const MAX_WIDTH = 1600
const TIME_WIDTH = 800
const CHARACTER = 6.6
const MIN_CAPTION = 36
const MIN_TICK = 50
const TOP = 28
const LEGEND = 30

const STYLE =
  '.bl{font:11px ui-monospace,Menlo,Consolas,monospace;--fg:#1c2330;--bg:#fff;--run:#1a6fb5;--ready:#8a5a00;--wait:#6b7482;--clean:#b3261e;--row:#eef1f5}' +
  '@media(prefers-color-scheme:dark){.bl{--fg:#e6e9ef;--bg:#14181f;--run:#6cb6ff;--ready:#e3b341;--wait:#9aa4b2;--clean:#ff8a80;--row:#1e242e}}' +
  '.bl .bg{fill:var(--bg)}.bl .row{fill:var(--row)}.bl text{fill:var(--fg)}.bl .dim{fill:var(--wait)}' +
  '.bl .runs{fill:var(--run)}.bl .ready{fill:none;stroke:var(--ready);stroke-width:1.5}' +
  '.bl .waits{stroke:var(--wait);stroke-width:2;fill:none}.bl .clean.runs{stroke:var(--clean)}' +
  '.bl .clean.ready{stroke:var(--clean)}.bl .clean.waits{stroke:var(--clean);stroke-dasharray:3 3}' +
  '.bl .stripe{stroke:var(--clean);stroke-width:2}.bl .cause{stroke:var(--fg);fill:none;opacity:.55}' +
  '.bl .head{fill:var(--fg);opacity:.55}.bl .end{stroke:var(--fg);stroke-width:1.5;fill:var(--bg)}.bl .bad{stroke:var(--clean)}'

/**
 * A trace as SVG: a picture of lanes, for pages and documents. It brings its own colours, for light
 * and for dark, and titles for screen readers.
 *
 * @throws TypeError if it is no trace, or the axis is unknown; RangeError if the limit is invalid
 */
export function toSVG(trace: Trace, options: SVGOptions = {}): string {
  const index = indexOf(trace)
  const { axis = 'steps', library = false, title, id = 'bl' } = options
  if (axis !== 'steps' && axis !== 'time') {
    throw new TypeError(`toSVG: axis: expected 'steps' or 'time', got ${inspect(axis)}`)
  }
  if (typeof id !== 'string' || !/^[a-z][\w-]*$/i.test(id)) {
    throw new TypeError(`toSVG: id: expected a letter, then letters, digits, - and _, got ${inspect(id)}`)
  }
  const limit = checkLimit(options.limit ?? 100, 'toSVG: limit')
  const shown = Math.min(limit, index.resumes.length)
  const lanes = lanesOf(trace)
    .filter((lane) => library || !lane.library)
    .filter(({ stretches }) => (stretches[0]?.from.step ?? shown) < Math.max(1, shown))
  return new Drawing(trace, index, lanes, axis, shown, id).svg(title)
}

class Drawing {
  readonly #index: TraceIndex
  readonly #lanes: readonly Lane[]
  readonly #axis: 'steps' | 'time'
  readonly #shown: number
  /** The row of each task. */
  readonly #rows: ReadonlyMap<number, number>
  readonly #left: number
  readonly #width: number
  readonly #from: number
  readonly #to: number
  readonly #id: string

  constructor(
    trace: Trace,
    index: TraceIndex,
    lanes: readonly Lane[],
    axis: 'steps' | 'time',
    shown: number,
    id: string,
  ) {
    this.#id = id
    this.#index = index
    this.#lanes = lanes
    this.#axis = axis
    this.#shown = shown
    this.#rows = new Map(lanes.map(({ co }, row) => [co, row]))
    this.#left = 16 + CHARACTER * Math.max(4, ...lanes.map(({ name }) => short(name, 24).length))
    const whole = shown === index.resumes.length
    this.#from = axis === 'steps' ? 0 : (trace.events[0]?.t ?? 0)
    this.#to = axis === 'steps' ? shown : ((whole ? trace.events.at(-1) : index.resumes[shown])?.t ?? 0)
    this.#width = axis === 'time' ? TIME_WIDTH : Math.min(MAX_WIDTH, Math.max(240, shown * MIN_STEP))
  }

  svg(title: string | undefined): string {
    const id = this.#id
    const lanes = this.#lanes
    const width = Math.ceil(this.#left + this.#width + 24)
    const height = TOP + Math.max(1, lanes.length) * ROW + LEGEND
    const name = title ?? `What ${lanes.length} tasks did in ${this.#shown} steps`
    const description = lanes.map((lane) => this.#described(lane)).join(' ')
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" class="bl ${id}-p" role="img" aria-labelledby="${id}-title ${id}-desc" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
      `<title id="${id}-title">${xml(name)}</title>`,
      `<desc id="${id}-desc">${xml(description)}</desc>`,
      `<style>${STYLE}.${id}-p .clean.runs{fill:url(#${id}-stripes)}</style>`,
      `<defs><pattern id="${id}-stripes" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="stripe" d="M0 0V5"/></pattern>` +
        `<marker id="${id}-head" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6" orient="auto"><path class="head" d="M0 0L6 3L0 6Z"/></marker></defs>`,
      `<rect class="bg" width="${width}" height="${height}"/>`,
      ...this.#ticks(),
      ...lanes.flatMap((lane, row) => this.#lane(lane, row, width)),
      ...this.#causes(),
      this.#legend(TOP + Math.max(1, lanes.length) * ROW + 16),
      '</svg>\n',
    ]
      .filter((line) => line !== '')
      .join('\n')
  }

  #x(instant: Instant): number {
    const at = this.#axis === 'steps' ? instant.step : instant.t
    const share = this.#to === this.#from ? 0 : (at - this.#from) / (this.#to - this.#from)
    return round(this.#left + this.#width * Math.min(1, Math.max(0, share)))
  }

  #described({ name, stretches, outcome }: Lane): string {
    const steps = stretches.filter(({ kind, from }) => kind === 'runs' && from.step < this.#shown).length
    return `${name}: ${steps} step${steps === 1 ? '' : 's'}, ${outcome ?? 'has not ended'}.`
  }

  #ticks(): string[] {
    const span = this.#to - this.#from
    const every = Math.max(this.#axis === 'steps' ? 1 : 0, roundUp((span * MIN_TICK) / this.#width))
    if (every === 0) return []
    const ticks: string[] = []
    // Steps are counted from 1, and the first one begins at the left.
    for (let at = this.#from; at < this.#to - every / 2; at += every) {
      const label = this.#axis === 'steps' ? `${at + 1}` : `${round(at)} ms`
      ticks.push(`<text class="dim" x="${this.#x({ step: at, t: at })}" y="16">${label}</text>`)
    }
    return ticks
  }

  #lane(lane: Lane, row: number, width: number): string[] {
    const y = TOP + row * ROW
    const stripe =
      row % 2 === 0 ? [`<rect class="row" x="0" y="${y}" width="${width}" height="${ROW}"/>`] : []
    const name = `<text x="8" y="${y + 20}">${xml(short(lane.name, 24))}</text>`
    const shown = lane.stretches.filter(({ from }) => from.step <= this.#shown)
    return [
      ...stripe,
      name,
      ...shown.map((stretch) => this.#stretch(stretch, lane, y)),
      ...this.#end(lane, y),
    ]
  }

  #stretch(stretch: Stretch, { name }: Lane, y: number): string {
    const { kind, cleansUp, label, from, to, n } = stretch
    const x = this.#x(from)
    const length = round(this.#x(to) - x)
    const middle = y + ROW / 2
    const style = `${cleansUp ? 'clean ' : ''}${kind}`
    const title = `<title>${xml(this.#titleOf(name, stretch, n))}</title>`
    if (kind === 'waits') {
      if (length <= 0) return ''
      const text = length < MIN_CAPTION ? '' : short(label, Math.floor((length - 8) / CHARACTER))
      const caption = `<text class="dim" x="${x + 4}" y="${middle - 5}">${xml(text)}</text>`
      return `<g>${title}<path class="${style}" d="M${x} ${middle}h${length}"/>${text === '' ? '' : caption}</g>`
    }
    const [height, wide] = kind === 'runs' ? [BOX, Math.max(2, length - 1)] : [BOX / 2, length]
    // What takes no time is not drawn, but a step is.
    if (wide <= 0) return ''
    return `<g>${title}<rect class="${style}" x="${x}" y="${middle - height / 2}" width="${wide}" height="${height}"/></g>`
  }

  #titleOf(name: string, { kind, cleansUp, label, from }: Stretch, n: number): string {
    const clean = cleansUp ? ', cleaning up' : ''
    if (kind === 'waits') return `${name} waits for ${label} from ${round(from.t)} ms${clean}`
    if (kind === 'ready') return `${name} is ready from ${round(from.t)} ms${clean}`
    const resume = this.#index.event(n) as ResumeEvent // A step begins with one.
    const because = causeOfResume(this.#index, resume).text
    return `step ${from.step + 1} at ${round(from.t)} ms: ${name} runs, then ${label || '?'}${clean}, because ${because}`
  }

  #end({ stretches, outcome, name }: Lane, y: number): string[] {
    const last = stretches.at(-1)
    if (outcome === undefined || last === undefined || last.to.step > this.#shown) return []
    const x = this.#x(last.to) + 5
    const middle = y + ROW / 2
    const mark =
      outcome === 'returned'
        ? `<circle class="end" cx="${x}" cy="${middle}" r="4"/>`
        : `<path class="end bad" d="M${x - 4} ${middle - 4}l8 8${outcome === 'threw' ? 'm0 -8l-8 8' : ''}"/>`
    return [
      `<g><title>${xml(`${name} has ${outcome === 'killed' ? 'been killed' : outcome === 'threw' ? 'thrown' : outcome}`)}</title>${mark}</g>`,
    ]
  }

  /** An arrow from the end of the step that is the cause to the step that it caused. */
  #causes(): string[] {
    return this.#index.resumes.slice(0, this.#shown).flatMap((resume, i) => {
      const cause = this.#index.find('resume', causeOfResume(this.#index, resume).step)
      const from = this.#rows.get(cause?.co ?? -1)
      const to = this.#rows.get(resume.co)
      if (cause === undefined || from === undefined || to === undefined || from === to) return []
      const x = this.#x({ t: cause.t, step: this.#index.stepNumber(cause.n) })
      const [y1, y2] = [from, to].map((row) => TOP + row * ROW + ROW / 2) as [number, number] // Two in, two out.
      const side = from < to ? BOX / 2 : -BOX / 2
      return [
        `<path class="cause" marker-end="url(#${this.#id}-head)" d="M${x} ${y1 + side}L${this.#x({ t: resume.t, step: i })} ${y2 - side}"/>`,
      ]
    })
  }

  #legend(y: number): string {
    const parts = [
      `<rect class="runs" x="8" y="${y - 10}" width="14" height="12"/><text x="28" y="${y}">runs</text>`,
      `<rect class="ready" x="76" y="${y - 8}" width="16" height="7"/><text x="98" y="${y}">ready</text>`,
      `<path class="waits" d="M152 ${y - 4}h18"/><text x="176" y="${y}">waits</text>`,
      `<rect class="clean runs" x="230" y="${y - 10}" width="14" height="12"/><text x="250" y="${y}">cleans up</text>`,
    ]
    return `<g aria-hidden="true">${parts.join('')}</g>`
  }
}

function round(x: number): number {
  return Math.round(x * 100) / 100
}

/** The next larger number of 1, 2 or 5 times a power of 10. */
function roundUp(x: number): number {
  if (x <= 0) return 0
  const power = 10 ** Math.floor(Math.log10(x))
  const factor = [1, 2, 5, 10].find((factor) => factor * power >= x) ?? 10
  return factor * power
}
