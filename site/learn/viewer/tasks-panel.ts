/**
 * What the scheduler looks like after a step: the task that is looked at, the ready queue in its
 * order, what the others wait for, timers, sockets, and the tasks that have ended.
 */

import type { Picture, ResourcePicture, TaskPicture } from '@bluelet/scheduler/trace'
import { count, fill, h, time } from './dom.js'
import { placeOf, short } from './places.js'
import type { Timeline } from './timeline.js'

/** Of longer lists the rest is counted. */
const MAX_ROWS = 50

/** What the panel shows beside the moment itself. */
export interface TasksView {
  readonly picture: Picture
  /** The task that is looked at. */
  readonly selected: number
  /** The task whose step it is. */
  readonly running: number
  /** Whether the library's own tasks are shown. */
  readonly library: boolean
  /** The order of the ready queue is to be predicted. */
  readonly hidden: boolean
}

/** The state of the tasks at a moment. */
export class TasksPanel {
  readonly element = h('section', { class: 'pane tasks', tabindex: '0', 'aria-label': 'Tasks' })
  readonly #onTask: (task: number) => void
  readonly #onStepOf: (task: number, by: 1 | -1) => void
  #index: Timeline | null = null

  constructor(onTask: (task: number) => void, onStepOf: (task: number, by: 1 | -1) => void) {
    this.#onTask = onTask
    this.#onStepOf = onStepOf
  }

  show(index: Timeline): void {
    this.#index = index
  }

  update(view: TasksView): void {
    const { picture, library } = view
    const shown = (id: number): boolean => library || this.#index?.lane(id)?.library !== true
    const tasks = picture.tasks.filter(({ id }) => shown(id))
    const ready = picture.ready.filter(shown)
    const waiting = tasks.filter(({ waitsFor }) => waitsFor !== null)
    const ended = picture.ended.filter(({ id }) => shown(id)).toReversed()
    const timers = picture.timers.filter(({ co }) => shown(co))
    fill(
      this.element,
      this.#details(view),
      !view.hidden &&
        section(
          'Ready',
          'in the order of their next steps',
          ready.map((id, i) => this.#row(view, id, h('span', { class: 'place' }, i + 1))),
          'No task is ready.',
          'ol',
        ),
      section(
        'Waiting',
        'for what, where, and since when',
        waiting.map((task) => this.#waiting(view, task)),
        'No task waits.',
      ),
      timers.length > 0 &&
        section(
          'Timers',
          'the next one first',
          timers.map(({ due, co, kind }) =>
            this.#row(
              view,
              co,
              null,
              h('span', { class: 'what' }, kind === 'wake' ? 'wakes it' : 'ends its grace period'),
              h('span', { class: 'when' }, `at ${time(due)}`),
            ),
          ),
        ),
      picture.resources.length > 0 &&
        section('Sockets', 'and bytes in flight', picture.resources.map(socket)),
      ended.length > 0 &&
        section(
          'Ended',
          'the latest first',
          ended.map((task) => this.#ended(view, task)),
        ),
    )
  }

  #details({ picture, selected, running }: TasksView): HTMLElement {
    const label = this.#index?.label(selected) ?? ''
    const task =
      picture.tasks.find(({ id }) => id === selected) ?? picture.ended.find(({ id }) => id === selected)
    const step = (text: string, name: string, by: 1 | -1): HTMLElement =>
      h(
        'button',
        { type: 'button', class: 'plain', title: name, onclick: () => this.#onStepOf(selected, by) },
        text,
      )
    return h(
      'div',
      { class: 'details' },
      h(
        'h2',
        {},
        h('span', { class: 'name' }, label),
        h('span', { class: 'state' }, stateOf(task, selected === running)),
      ),
      h(
        'p',
        { class: 'note' },
        task?.parent === null || task === undefined
          ? 'a root task'
          : `spawned by ${this.#index?.label(task.parent)}`,
        task?.library === true && ', by the library for itself',
        task?.cancelled !== undefined &&
          `, being cancelled: its clean-up may take until ${time(task.cancelled.until)}`,
        ' · ',
        step('previous step', 'The previous step of this task (Shift+←)', -1),
        ' · ',
        step('next step', 'The next step of this task (Shift+→)', 1),
      ),
      ...(task?.frames ?? []).map(frame),
    )
  }

  #row(view: TasksView, id: number, before: HTMLElement | null, ...after: HTMLElement[]): HTMLElement {
    return h(
      'li',
      {},
      before,
      h(
        'button',
        {
          type: 'button',
          class: 'task',
          'aria-pressed': String(id === view.selected),
          onclick: () => this.#onTask(id),
        },
        this.#index?.label(id) ?? id,
      ),
      ...after,
    )
  }

  #waiting(view: TasksView, task: TaskPicture): HTMLElement {
    const place = placeOf(task.frames.at(-1)?.at)
    const since = task.since === null ? 'before the trace' : `since ${time(task.since)}`
    return this.#row(
      view,
      task.id,
      null,
      h('code', { class: 'what' }, task.waitsFor ?? ''),
      h('span', { class: 'when' }, place === null ? since : `${short(place)} · ${since}`),
    )
  }

  #ended(view: TasksView, { id, outcome, result }: TaskPicture): HTMLElement {
    const sign = outcome === 'returned' ? '✓' : outcome === 'threw' ? '✗' : '⊠'
    return this.#row(
      view,
      id,
      null,
      h(
        'span',
        { class: `what outcome ${outcome}` },
        `${sign} ${outcome}`,
        result !== undefined && h('code', {}, ` ${result}`),
      ),
    )
  }
}

function stateOf(task: TaskPicture | undefined, runs: boolean): string {
  if (task === undefined) return 'not spawned yet'
  if (task.outcome !== undefined) return task.outcome
  if (task.waitsFor !== null) return `waits for ${task.waitsFor}`
  return runs ? 'ran in this step, and is ready again' : 'ready'
}

function frame({ name, at, locals }: TaskPicture['frames'][number]): HTMLElement | false {
  const place = placeOf(at)
  const values = Object.entries(locals ?? {})
  if (place === null && values.length === 0) return false
  return h(
    'div',
    { class: 'frame' },
    h('span', { class: 'frame-name' }, name === undefined ? 'coroutine' : `${name}()`),
    place !== null && h('span', { class: 'when' }, `at ${short(place)}`),
    values.length > 0 &&
      h(
        'dl',
        { class: 'locals' },
        ...values.flatMap(([key, value]) => [h('dt', {}, key), h('dd', {}, value)]),
      ),
  )
}

function socket({ id, at, state, peer, inFlight, written, read, shut, ended }: ResourcePicture): HTMLElement {
  const what = [
    at,
    state !== 'made' && state,
    shut && state === 'open' && 'sends no more',
    ended && state === 'open' && 'its peer sends no more',
    peer !== null && `⇄ socket ${peer}`,
  ]
  const bytes = [
    inFlight !== null && inFlight > 0 && `${count(inFlight, 'byte')} in flight`,
    written > 0 && `${written} written`,
    read > 0 && `${read} read`,
  ]
  return h(
    'li',
    {},
    h('span', { class: 'socket' }, `socket ${id}`),
    h('span', { class: 'what' }, what.filter(Boolean).join(', ')),
    h('span', { class: 'when' }, bytes.filter(Boolean).join(' · ')),
  )
}

function section(
  title: string,
  note: string,
  rows: readonly HTMLElement[],
  empty = '',
  list: 'ul' | 'ol' = 'ul',
): HTMLElement {
  return h(
    'div',
    { class: 'list' },
    h('h3', {}, title, h('span', { class: 'count' }, rows.length), h('span', { class: 'note' }, note)),
    rows.length === 0 && h('p', { class: 'note' }, empty),
    rows.length > 0 && h(list, {}, ...rows.slice(0, MAX_ROWS)),
    rows.length > MAX_ROWS && h('p', { class: 'note' }, `and ${rows.length - MAX_ROWS} more`),
  )
}
