/**
 * The viewer of a trace, as a component: mounted in an element of any page, with the style sheet
 * `viewer.css`. It requests nothing and keeps nothing.
 */

import { stateAt, type Trace } from '@bluelet/scheduler/trace'
import { causeOf, effectOf, reasonOf } from './causes.js'
import { fill, h } from './dom.js'
import { exportMenu } from './export-menu.js'
import { FindBar } from './find-bar.js'
import { type Command, commandOf, helpDialog } from './keys.js'
import { laneBox } from './lane-box.js'
import { Lanes } from './lanes.js'
import { NetworkPanel } from './network-panel.js'
import { OutputPanel } from './output-panel.js'
import { placeOf } from './places.js'
import { Predict } from './predict.js'
import { type SourceMark, type SourceMarks, SourcePane } from './source-pane.js'
import { StepsTable } from './steps-table.js'
import { Tabs } from './tabs.js'
import { TasksPanel } from './tasks-panel.js'
import { Timeline } from './timeline.js'
import { Transport } from './transport.js'
import { WhyBar } from './why-bar.js'

/** How a viewer is mounted. */
export interface ViewerOptions {
  /** Shows the marks instead of the pane of sources: an editor of the page. */
  readonly source?: SourceMarks
  /** Takes the keys of the whole page, not only those that are pressed within the viewer. */
  readonly pageKeys?: boolean
  /** Elements at the left of the bar on top, such as a title. */
  readonly bar?: readonly Node[]
  /** Is called after each seek, with the number of the event that ends the shown step. */
  readonly onSeek?: (n: number) => void
}

/** How a trace is shown. */
export interface ShowOptions {
  /** The name of exported files, without an ending. */
  readonly name?: string
  /** What a reader should know of the trace. */
  readonly note?: string | null
  /** The number of the event to begin with. The first step, unless it is given. */
  readonly at?: number
}

/** A mounted viewer. */
export interface Viewer {
  /** The number of the event that ends the step that is shown; null without a trace. */
  readonly n: number | null
  /** Shows another trace, which must not change any more. */
  show(trace: Trace, options?: ShowOptions): void
  /** Shows the step in which an event happened. */
  seek(n: number): void
  /** Removes the viewer from the page. */
  remove(): void
}

/** Mounts a viewer in an element. */
export function mountViewer(root: HTMLElement, options: ViewerOptions = {}): Viewer {
  const viewer = new MountedViewer(root, options)
  return {
    get n() {
      return viewer.n
    },
    show: (trace, how) => viewer.show(trace, how),
    seek: (n) => viewer.seekEvent(n),
    remove: () => viewer.remove(),
  }
}

class MountedViewer {
  readonly #element = h('div', { class: 'bluelet-viewer', tabindex: '-1' })
  readonly #options: ViewerOptions
  readonly #keys: AbortController = new AbortController()
  readonly #why = new WhyBar()
  readonly #notice = h('p', { class: 'notice', role: 'status', hidden: true })
  readonly #help = helpDialog()
  readonly #seekTo = (step: number): void => this.#seekByHand(step)
  readonly #lookAt = (task: number): void => this.#select(task)
  readonly #find = new FindBar(this.#seekTo, () => this.#closeFind())
  readonly #predict = new Predict(
    (step) => this.#sentence(step),
    () => this.#run('forward'),
  )
  readonly #transport = new Transport(
    (command) => this.#run(command),
    this.#seekTo,
    () => this.#forward(),
  )
  readonly #pane = new SourcePane(this.#lookAt)
  readonly #tasks = new TasksPanel(this.#lookAt, (task, by) => this.#stepOf(task, by))
  readonly #network = new NetworkPanel()
  readonly #output = new OutputPanel(this.#seekTo)
  readonly #table = new StepsTable(this.#seekTo, (step) => this.#reason(step))
  readonly #lanes = new Lanes(this.#seekTo)
  readonly #tabs = new Tabs(
    [
      ['Tasks', this.#tasks.element],
      ['Network', this.#network.element],
      ['Table', this.#table.element],
    ],
    () => this.#opened(),
  )
  readonly #laneBox = laneBox(this.#lanes, (command) => this.#run(command))
  readonly #predictButton = this.#button('Predict', 'Predict which task runs next (p)', 'predict')

  #index: Timeline | null = null
  #name = 'trace'
  #step = 0
  /** The task that the reader has chosen; null: that of the step. */
  #chosen: number | null = null
  #library = false

  constructor(root: HTMLElement, options: ViewerOptions) {
    this.#options = options
    const { source, bar = [], pageKeys = false } = options
    fill(
      this.#element,
      h(
        'header',
        { class: 'bar' },
        ...bar,
        h(
          'div',
          { class: 'tools' },
          this.#button('Find', 'Find (/)', 'find'),
          this.#predictButton,
          exportMenu(() => (this.#index === null ? null : { trace: this.#index.trace, name: this.#name })),
          this.#button('Keys', 'Keys (?)', 'help'),
        ),
      ),
      this.#notice,
      this.#find.element,
      this.#why.element,
      this.#predict.element,
      this.#transport.element,
      h(
        'div',
        { class: 'panes' },
        h(
          'div',
          { class: 'column listing' },
          source === undefined && this.#pane.element,
          h(
            'section',
            { class: 'pane printed-lines', 'aria-label': 'Output' },
            h('h3', {}, 'Output'),
            this.#output.element,
          ),
        ),
        h('div', { class: 'column state' }, this.#tabs.element),
      ),
      this.#laneBox.element,
      this.#table.printed,
      this.#help,
    )
    this.#why.tell('No trace is open.')
    root.append(this.#element)
    const target: EventTarget = pageKeys ? document : this.#element
    target.addEventListener('keydown', (event) => this.#key(event as KeyboardEvent), {
      signal: this.#keys.signal,
    })
  }

  get n(): number | null {
    const index = this.#index
    return index === null || this.#step === 0 ? null : index.step(this.#step).last
  }

  show(trace: Trace, { name = 'trace', note = null, at }: ShowOptions = {}): void {
    this.#transport.stop()
    const index = new Timeline(trace)
    this.#index = index
    this.#name = name
    this.#chosen = null
    // A trace of tasks that are all the library's would seem to be empty.
    this.#library = index.lanes.every(({ library }) => library)
    const { dropped } = trace.header
    const notes = [
      note,
      dropped > 0 &&
        `The recording has dropped the ${dropped.toLocaleString('en')} oldest events, since it had a limit.`,
      index.stepCount === 0 && 'This trace has no steps.',
    ].filter((text) => typeof text === 'string')
    this.#notice.hidden = notes.length === 0
    this.#notice.textContent = notes.join(' ')
    this.#pane.show(trace.header.sources)
    for (const panel of [this.#tasks, this.#network, this.#output, this.#table, this.#find]) panel.show(index)
    this.#predict.show()
    this.#tabs.hide('Network', !this.#network.has)
    this.#element.classList.toggle(
      'no-listing',
      index.notes.length === 0 && (this.#options.source !== undefined || this.#pane.element.hidden === true),
    )
    this.#element.classList.toggle('no-output', index.notes.length === 0)
    this.#showLanes()
    this.#seek(at === undefined ? 1 : index.stepOf(at))
  }

  seekEvent(n: number): void {
    if (this.#index !== null) this.#seekByHand(this.#index.stepOf(n))
  }

  remove(): void {
    this.#transport.stop()
    this.#keys.abort()
    this.#element.remove()
  }

  // The shown step

  #seekByHand(step: number): void {
    this.#transport.stop()
    this.#guarded(() => this.#seek(step))
  }

  /** Does something with a trace of which an event may be damaged. */
  #guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#transport.stop()
      this.#notice.hidden = false
      this.#notice.textContent = `Step ${this.#step} cannot be shown: the trace is damaged there (${error}).`
    }
  }

  #seek(to: number): void {
    const index = this.#index
    if (index === null) return
    const step = Math.min(Math.max(1, to), index.stepCount)
    this.#step = step
    if (step === 0) {
      this.#why.tell('This trace has no steps.')
      return
    }
    this.#transport.update(step, index.stepCount, index.resume(step).t)
    this.#why.update(index, step, this.#reason(step), this.#lookAt)
    this.#output.seek(step)
    this.#table.seek(step)
    this.#find.seek(step)
    this.#lanes.mark({
      ...{ step, cause: causeOf(index, step), hidden: this.#predict.on },
      selected: this.#chosen ?? index.resume(step).co,
    })
    this.#update()
    this.#options.onSeek?.(this.n ?? 0)
  }

  /** Shows the moment after the step. */
  #update(): void {
    const index = this.#index
    if (index === null || this.#step === 0) return
    const picture = stateAt(index.trace, this.n ?? 0)
    const running = index.resume(this.#step).co
    if (this.#tabs.isOpen('Tasks')) {
      this.#tasks.update({
        ...{ picture, running, selected: this.#chosen ?? running },
        ...{ library: this.#library, hidden: this.#predict.on },
      })
    }
    if (this.#tabs.isOpen('Network')) this.#network.seek(picture)
    this.#predict.ask(index, this.#step, picture, this.#library)
    // Also the task that ended in this step.
    const marks: SourceMark[] = [...picture.tasks, ...picture.ended.filter(({ id }) => id === running)]
      .filter(({ id, library }) => this.#library || !library || id === running)
      .flatMap(({ id, frames, waitsFor }) => {
        const place = placeOf(frames.findLast(({ at }) => at !== undefined)?.at)
        if (place === null) return []
        const kind = id === running ? 'runs' : waitsFor === null ? 'ready' : 'waits'
        return [{ ...place, task: id, label: index.label(id), kind } as const]
      })
    marks.sort((a, b) => Number(b.kind === 'runs') - Number(a.kind === 'runs'))
    const source = this.#options.source ?? this.#pane
    source.mark(marks)
  }

  #opened(): void {
    if (this.#index === null) return
    this.#guarded(() => {
      this.#table.open = this.#tabs.isOpen('Table')
      this.#update()
    })
  }

  #forward(): boolean {
    if (this.#index === null || this.#step >= this.#index.stepCount) return false
    this.#chosen = null
    this.#guarded(() => this.#seek(this.#step + 1))
    return true
  }

  #stepOf(task: number, by: 1 | -1): void {
    const steps = this.#index?.lane(task)?.steps ?? []
    const to = by > 0 ? steps.find((step) => step > this.#step) : steps.findLast((step) => step < this.#step)
    if (to !== undefined) this.#seekByHand(to)
  }

  #select(task: number): void {
    this.#chosen = task
    this.#lanes.select(task)
    this.#tabs.open('Tasks') // It shows the task.
  }

  #reason(step: number): string {
    return this.#index === null ? '' : reasonOf(this.#index, step)
  }

  #sentence(step: number): string {
    return this.#index === null
      ? ''
      : `${this.#index.label(this.#index.resume(step).co)} runs because ${this.#reason(step)}.`
  }

  // Commands

  #key(event: KeyboardEvent): void {
    const command = commandOf(event)
    if (command === undefined || this.#index === null) return
    event.preventDefault()
    this.#run(command)
  }

  #run(command: Command): void {
    const index = this.#index
    if (index === null) return
    const { co } = this.#step === 0 ? { co: -1 } : index.resume(this.#step)
    const acts: Readonly<Record<Command, () => void>> = {
      forward: () => {
        this.#transport.stop()
        this.#forward()
      },
      back: () => {
        this.#chosen = null
        this.#seekByHand(this.#step - 1)
      },
      taskForward: () => this.#stepOf(this.#chosen ?? co, 1),
      taskBack: () => this.#stepOf(this.#chosen ?? co, -1),
      first: () => this.#seekByHand(1),
      last: () => this.#seekByHand(index.stepCount),
      cause: () => this.#follow(causeOf(index, this.#step)),
      effect: () => this.#follow(effectOf(index, this.#step)),
      play: () => this.#transport.toggle(),
      axis: () => {
        this.#lanes.setAxis(this.#lanes.axis === 'steps' ? 'time' : 'steps')
        this.#laneBox.update(
          this.#library,
          index.lanes.some(({ library }) => library),
        )
      },
      library: () => {
        this.#library = !this.#library
        this.#showLanes()
        this.#update()
      },
      predict: () => {
        this.#predict.on = !this.#predict.on
        this.#predictButton.setAttribute('aria-pressed', String(this.#predict.on))
        this.#seekByHand(this.#step)
      },
      find: () => this.#find.open(),
      zoomIn: () => this.#lanes.zoom(1.5),
      zoomOut: () => this.#lanes.zoom(1 / 1.5),
      zoomAll: () => this.#lanes.zoomOut(),
      help: () => this.#help.showModal(),
    }
    this.#guarded(acts[command])
  }

  #follow(step: number): void {
    this.#chosen = null
    if (step > 0) this.#seekByHand(step)
  }

  #closeFind(): void {
    this.#find.close()
    this.#element.focus({ preventScroll: true })
  }

  #showLanes(): void {
    const index = this.#index
    if (index === null) return
    const rows = index.lanes.filter(({ library }) => this.#library || !library)
    this.#lanes.show(index, rows)
    this.#laneBox.update(
      this.#library,
      index.lanes.some(({ library }) => library),
    )
  }

  #button(text: string, title: string, command: Command): HTMLButtonElement {
    return h('button', { type: 'button', title, onclick: () => this.#run(command) }, text)
  }
}
