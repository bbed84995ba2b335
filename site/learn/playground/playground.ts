/**
 * The playground: an editor, what runs its program, and the viewer of what came of it.
 */

import { parse, type Trace } from '@bluelet/scheduler/trace'
import { fill, h } from '../viewer/dom.js'
import { mountViewer, type Viewer } from '../viewer/viewer.js'
import { compile, mistakeIn, type Program, ProgramError } from './compile.js'
import { Controls, type ControlsOwner } from './controls.js'
import { Editor } from './editor.js'
import { type LessonOwner, LessonPanel } from './lesson-panel.js'
import {
  type End,
  type Input,
  LIMITS,
  type Limits,
  type Report,
  type Request,
  type TerminalLine,
} from './protocol.js'
import type { Sandbox } from './sandbox.js'
import { encode, type Settings, type Shared } from './share.js'
import { type TerminalOwner, TerminalPanel } from './terminal-panel.js'
import { explorationOf, goesOn, type Message, messageOf, TOO_LONG } from './words.js'

/** "Go on" allows this many times as much. */
const MORE = 5

/** Milliseconds after the last key, in lessons. */
const QUIET = 500

/** What to show after a run: the first step, the last one, or that of the cursor. */
type Show = 'first' | 'last'

/** How a playground is made. */
export interface PlaygroundOptions {
  readonly shared: Shared
  /** Where programs run. */
  readonly sandbox: Sandbox
  /** It is a part of a page. */
  readonly embedded: boolean
}

/** A playground in an element. */
export class Playground implements ControlsOwner, TerminalOwner, LessonOwner {
  readonly #controls: Controls
  readonly #editor: Editor
  readonly #viewer: Viewer
  readonly #terminals = new TerminalPanel(this)
  readonly #root: HTMLElement
  readonly #sandbox: Sandbox
  readonly #status = h('p', { class: 'status', role: 'status' })
  readonly #output = h('pre', { class: 'plain-output', 'aria-label': 'Output', tabindex: '0', hidden: true })
  readonly #view = h('div', { class: 'view' })
  readonly #predict: boolean
  readonly #lesson: LessonPanel | null
  #program: Program
  #inputs: readonly Input[] = []
  #limits: Limits = LIMITS
  #schedule: string | null = null
  #trace: Trace | null = null
  /** What terminals show. */
  #shown: readonly TerminalLine[] = []
  #edited = false
  /** Under which schedule the program fails, as a sentence. */
  #found = ''
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(root: HTMLElement, { shared, sandbox, embedded }: PlaygroundOptions) {
    this.#root = root
    this.#sandbox = sandbox
    this.#program = shared.program
    this.#predict = shared.predict === true
    this.#lesson = shared.lesson === undefined ? null : new LessonPanel(shared.lesson, this)
    this.#controls = new Controls(this, embedded)
    this.#controls.settings = shared.settings
    const pane = h('div', { class: 'editor' })
    const { main, files } = shared.program
    this.#editor = new Editor(pane, main, {
      text: files[main] ?? '',
      onRun: () => this.run(),
      onChange: () => this.#change(),
    })
    this.#viewer = mountViewer(this.#view, {
      source: this.#editor,
      onSeek: (n) => this.#terminals.seek(this.#momentOf(n)),
    })
    root.classList.add('playground')
    root.classList.toggle('embedded', embedded)
    this.#controls.schedules = usesScheduler(shared.program)
    root.append(
      this.#controls.element,
      h(
        'main',
        {},
        h(
          'div',
          { class: 'left' },
          this.#lesson?.element,
          pane,
          this.#status,
          this.#output,
          this.#terminals.element,
        ),
        this.#view,
      ),
    )
    this.#view.hidden = true
    if (this.waitsForPrediction) {
      this.#tell({ text: 'Predict what it prints. Then run it, by Ctrl+Enter.', kind: 'plain' })
    }
  }

  /** Whether the program is to be run only when the reader says so. */
  get waitsForPrediction(): boolean {
    return this.#predict || this.#lesson?.waitsForAnswer === true
  }

  // The bar.

  run(): void {
    this.#schedule = null
    this.#limits = LIMITS
    void this.#perform('first')
  }

  explore(): void {
    void this.#explore()
  }

  seek(what: string): void {
    const events = this.#trace?.events ?? []
    const task = events.find((event) => event.e === 'spawn' && event.name === what)
    const first = events.find((event) => {
      return event.e === 'resume' && task?.e === 'spawn' && event.co === task.co
    })
    const n = what === 'last' ? events.at(-1)?.n : first?.n
    if (n !== undefined) this.#viewer.seek(n)
  }

  async failing(): Promise<string | null | undefined> {
    const request = this.#request('explore')
    const report = request === null ? null : await this.#sandbox.run(request)
    const { failing = null, all = false } = report?.explored ?? {}
    return failing === null && !all ? undefined : failing
  }

  stop(): void {
    void this.#sandbox.stop()
  }

  async share(): Promise<string> {
    const hash = await encode({ program: this.#current(), settings: this.#controls.settings })
    history.replaceState(null, '', `#${hash}`)
    return location.href
  }

  choose(text: string): void {
    this.#inputs = []
    this.#program = { main: this.#program.main, files: { [this.#program.main]: text } }
    this.#editor.text = text
    this.run()
  }

  changed(): void {
    void this.#perform('first')
  }

  // The terminals.

  type(id: string, data: string | null): void {
    const t = this.#momentOf(this.#viewer.n ?? 0)
    this.#inputs = [...this.#inputs, { t, id, data }].sort((a, b) => a.t - b.t)
    void this.#perform('last').then(() => this.#terminals.focus())
  }

  forget(): void {
    this.#inputs = []
    void this.#perform('first')
  }

  // Runs.

  async #perform(show: Show): Promise<void> {
    const request = this.#request('run')
    if (request === null) return
    this.#tell({ text: 'Runs…', kind: 'plain' })
    this.#controls.busy = true
    const report = await this.#sandbox.run(request)
    if (report === null) return // Another run has begun.
    this.#controls.busy = false
    this.#edited = false
    this.#show(report, show)
  }

  async #explore(): Promise<void> {
    const request = this.#request('explore')
    if (request === null) return
    this.#tell({ text: 'Tries one order of steps after the other…', kind: 'plain' })
    this.#controls.busy = true
    const report = await this.#sandbox.run(request)
    if (report === null) return
    this.#controls.busy = false
    const message = explorationOf(report, this.#limits)
    const failing = report.explored?.failing ?? null
    if (failing === null) {
      this.#tell(message)
      return
    }
    this.#schedule = failing
    this.#found = `${message.text} `
    await this.#perform('last')
    this.#found = ''
  }

  /** What is to be run; null if it cannot be. */
  #request(kind: Request['kind']): Request | null {
    const program = this.#current()
    this.#editor.markMistake(null)
    try {
      return {
        kind,
        modules: compile(program),
        sources: program.files,
        settings: this.#controls.settings satisfies Settings,
        inputs: this.#inputs,
        limits: this.#limits,
        ...(this.#schedule === null || kind === 'explore' ? {} : { schedule: this.#schedule }),
      }
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error
      const { message, line } = error
      this.#fail({ how: 'failed', message, ...(line === null ? {} : { line }) })
      return null
    }
  }

  #show({ end, trace, terminals, listens }: Report, show: Show): void {
    const line = end.line ?? (end.how === 'failed' ? (mistakeIn(this.#current()) ?? undefined) : undefined)
    const whole: End = line === undefined ? end : { ...end, line }
    if (trace === '') {
      this.#fail(whole)
      return
    }
    try {
      this.#trace = parse(trace)
    } catch {
      this.#fail({ how: 'failed', message: TOO_LONG })
      return
    }
    const { events } = this.#trace
    const steps = events.some(({ e }) => e === 'resume')
    this.#view.hidden = !steps
    this.#output.hidden = steps
    this.#shown = terminals
    this.#terminals.show(terminals, end.how === 'waits' || (listens && goesOn(end)))
    if (steps) {
      const at = show === 'first' ? undefined : events.at(-1)?.n
      this.#viewer.show(this.#trace, { name: 'playground', ...(at === undefined ? {} : { at }) })
    } else fill(this.#output, events.map((event) => (event.e === 'log' ? `${event.text}\n` : '')).join(''))
    // For those who measure the page, or look at what it shows.
    performance.mark('first step')
    this.#root.dispatchEvent(new CustomEvent('bluelet-trace', { detail: trace, bubbles: true }))
    const message = messageOf(whole, this.#limits)
    this.#tell({ ...message, text: this.#found + message.text }, whole)
    if (message.kind === 'bad') this.#editor.markMistake(whole.line ?? null)
    void this.#lesson?.judge({ trace: this.#trace, end: whole })
  }

  #fail(end: End): void {
    this.#trace = null
    this.#view.hidden = true
    this.#output.hidden = true
    this.#editor.mark([])
    this.#editor.markMistake(end.line ?? null)
    this.#tell(messageOf(end, this.#limits), end)
  }

  #tell({ text, kind }: Message, end?: End): void {
    this.#status.className = `status ${kind}`
    const line = end?.line
    fill(
      this.#status,
      text,
      ' ',
      line !== undefined &&
        h('button', { type: 'button', onclick: () => this.#editor.goTo(line) }, `Go to line ${line}`),
      end !== undefined &&
        goesOn(end) &&
        h('button', { type: 'button', onclick: () => this.#goOn() }, 'Go on'),
    )
  }

  #goOn(): void {
    const { steps, time } = this.#limits
    this.#limits = { steps: steps * MORE, time: time * MORE }
    void this.#perform('last')
  }

  #change(): void {
    this.#lesson?.change()
    clearTimeout(this.#timer)
    // In a lesson a reader sees at once what a change does.
    if (this.#lesson !== null) this.#timer = setTimeout(() => this.run(), QUIET)
    if (this.#edited) return
    this.#edited = true
    this.#controls.schedules = usesScheduler(this.#current())
    this.#editor.markMistake(null)
    this.#tell({ text: 'Edited. Press Ctrl+Enter to run it.', kind: 'plain' })
  }

  #current(): Program {
    const { main, files } = this.#program
    return { main, files: { ...files, [main]: this.#editor.text } }
  }

  /**
   * The virtual time of an event. After the last one everything has come that terminals have
   * received: a reader answers to that.
   */
  #momentOf(n: number): number {
    const events = this.#trace?.events ?? []
    const last = events.at(-1)
    if (last === undefined) return 0
    if (n >= last.n) return Math.max(last.t, ...this.#shown.map(({ t }) => t + 1))
    return events[n - (events[0]?.n ?? 0)]?.t ?? 0
  }
}

/** Whether a program runs tasks of the library. */
function usesScheduler({ files }: Program): boolean {
  return Object.values(files).some((text) => text.includes('@bluelet/'))
}
