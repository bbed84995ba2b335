/**
 * The sources, each line with the tasks that wait there, and with the one that runs.
 */

import { beforeFrame, fill, h } from './dom.js'
import { highlight } from './highlight.js'
import { sourceOf } from './places.js'

/** Longer sources are cut. */
const MAX_LINES = 5_000
/** More tasks at one line are counted. */
const MAX_TAGS = 4

/** A task at a line of a source. */
export interface SourceMark {
  /** The file, as the trace names it. */
  readonly file: string
  /** The line, from 1. */
  readonly line: number
  /** The id of the task. */
  readonly task: number
  /** The task, as `name#id`. */
  readonly label: string
  /** `runs`: the task of this step, which has come to this line; the others are there. */
  readonly kind: 'runs' | 'ready' | 'waits'
}

/** What shows the marks: the pane of the viewer, or an editor that stands in for it. */
export interface SourceMarks {
  /** Replaces all marks by these. The one that runs comes first. */
  mark(lines: readonly SourceMark[]): void
}

/** The sources of a trace. */
export class SourcePane implements SourceMarks {
  readonly element = h('section', { class: 'pane source', 'aria-label': 'Source' })
  readonly #onTask: (task: number) => void
  readonly #list = h('ol', { class: 'code', tabindex: '0', 'aria-label': 'Source lines' })
  readonly #files = h('div', { class: 'files', role: 'tablist', 'aria-label': 'Files' })
  #sources: Readonly<Record<string, string>> = {}
  #shown = ''
  #lines: HTMLElement[] = []
  #tagged: HTMLElement[] = []
  #marks: readonly SourceMark[] = []
  #running: HTMLElement | null = null
  /** Scrolls to the line that runs within the pane; the page itself stays where it is. */
  readonly #reveal = (): void => {
    if (this.#running === null) return
    const { offsetTop: top, offsetHeight: height } = this.#running
    const { scrollTop, clientHeight } = this.#list
    if (top < scrollTop + height || top + 2 * height > scrollTop + clientHeight) {
      this.#list.scrollTop = top - clientHeight / 2
    }
  }

  constructor(onTask: (task: number) => void) {
    this.#onTask = onTask
    this.element.append(this.#files, this.#list)
  }

  /** Shows other sources. Without any the pane is hidden. */
  show(sources: Readonly<Record<string, string>> | undefined): void {
    this.#sources = sources ?? {}
    this.#shown = ''
    const names = Object.keys(this.#sources)
    this.element.hidden = names.length === 0
    fill(
      this.#files,
      ...names.map((name) =>
        h(
          'button',
          { type: 'button', role: 'tab', 'data-file': name, onclick: () => this.#open(name, true) },
          name,
        ),
      ),
    )
    if (names[0] !== undefined) this.#open(names[0], false)
  }

  mark(marks: readonly SourceMark[]): void {
    this.#marks = marks
    const names = Object.keys(this.#sources)
    const running = marks.find(({ kind }) => kind === 'runs')
    const file = running === undefined ? undefined : sourceOf(running.file, names)
    if (file !== undefined && file !== this.#shown) this.#open(file, false)
    this.#tag()
  }

  #open(name: string, byHand: boolean): void {
    this.#shown = name
    for (const tab of this.#files.children) {
      tab.setAttribute('aria-selected', String(tab.getAttribute('data-file') === name))
    }
    const lines = highlight(this.#sources[name] ?? '')
    this.#lines = lines
      .slice(0, MAX_LINES)
      .map((line) => h('li', {}, h('code', {}, ...line), h('span', { class: 'tags' })))
    fill(this.#list, ...this.#lines)
    if (lines.length > MAX_LINES) {
      this.#list.append(h('li', { class: 'more' }, `${lines.length - MAX_LINES} more lines`))
    }
    this.#tagged = []
    if (byHand) this.#tag()
  }

  #tag(): void {
    for (const line of this.#tagged) {
      line.className = ''
      line.lastElementChild?.replaceChildren()
    }
    this.#tagged = []
    const names = Object.keys(this.#sources)
    const byLine = new Map<number, SourceMark[]>()
    for (const mark of this.#marks) {
      if (sourceOf(mark.file, names) !== this.#shown) continue
      const here = byLine.get(mark.line)
      if (here === undefined) byLine.set(mark.line, [mark])
      else here.push(mark)
    }
    for (const [number, marks] of byLine) this.#tagLine(this.#lines[number - 1], marks)
  }

  #tagLine(line: HTMLElement | undefined, marks: readonly SourceMark[]): void {
    if (line?.lastElementChild == null) return
    const runs = marks.some(({ kind }) => kind === 'runs')
    line.className = runs ? 'at-now' : 'at-waiting'
    fill(
      line.lastElementChild,
      ...marks
        .slice(0, MAX_TAGS)
        .map(({ task, label, kind }) =>
          h(
            'button',
            { type: 'button', tabindex: '-1', class: `tag ${kind}`, onclick: () => this.#onTask(task) },
            kind === 'runs' ? '▶ ' : kind === 'ready' ? '▷ ' : '‖ ',
            label,
          ),
        ),
      marks.length > MAX_TAGS && h('span', { class: 'tag more' }, `+${marks.length - MAX_TAGS}`),
    )
    this.#tagged.push(line)
    if (!runs) return
    this.#running = line
    beforeFrame(this.#reveal)
  }
}
