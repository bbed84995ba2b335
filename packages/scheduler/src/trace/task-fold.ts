/**
 * What one event changes in what is known of its task.
 */

import type { CancelPicture, FramePicture, TaskPicture } from './picture.js'
import type {
  CallEvent,
  CancelEvent,
  ExitEvent,
  ParkEvent,
  ResumeEvent,
  ReturnEvent,
  WakeEvent,
  YieldEvent,
} from './schema.js'

/** An event of a task that is there. */
type TaskEvent =
  | ResumeEvent
  | YieldEvent
  | CallEvent
  | ReturnEvent
  | ParkEvent
  | WakeEvent
  | CancelEvent
  | ExitEvent

/**
 * The task after an event.
 *
 * @param parks for a yield: a park follows
 */
export function changed(task: TaskPicture, event: TaskEvent, parks: boolean): TaskPicture {
  const { n: by, t: since } = event
  switch (event.e) {
    case 'resume':
      return { ...task, ...resumed(task, event), state: 'running', since, by }
    case 'yield':
      return {
        ...task,
        ...(parks ? { waitsFor: event.ev, op: event.op, on: event.on ?? null } : NO_WAIT),
        state: parks ? 'entering' : 'ready',
        since,
        by,
        frames: [...task.frames.slice(0, -1), placed(task.frames.at(-1), event)],
      }
    case 'call':
      return {
        ...task,
        state: 'ready',
        since,
        by,
        frames: [...task.frames, event.name === undefined ? {} : { name: event.name }],
      }
    case 'return':
      return {
        ...task,
        state: 'ready',
        since,
        by,
        frames: task.frames.slice(0, Math.max(1, task.frames.length - 1)),
      }
    case 'park': {
      const { cancelled } = task
      const withdraws = cancelled !== undefined && cancelled.state !== 'delivered'
      return { ...task, state: withdraws ? 'withdrawing' : 'parked', since, by }
    }
    case 'wake':
      return { ...task, ...NO_WAIT, state: 'ready', since, by }
    case 'cancel':
      return cancelledBy(task, event)
    case 'exit': {
      const { cancelled: _, ...rest } = task
      const result = event.value ?? event.error
      return {
        ...rest,
        ...NO_WAIT,
        state: 'ended',
        since,
        by,
        outcome: event.outcome,
        ...(result === undefined ? {} : { result }),
      }
    }
  }
}

const NO_WAIT = { waitsFor: null, op: null, on: null } as const

/** A coroutine that has yielded at a place. */
function placed(frame: FramePicture | undefined, { at, locals }: YieldEvent): FramePicture {
  return {
    ...(frame?.name === undefined ? {} : { name: frame.name }),
    ...(at === undefined ? {} : { at }),
    ...(locals === undefined ? {} : { locals }),
  }
}

/** How a cancellation stands once the task was entered. */
function resumed({ cancelled, by }: TaskPicture, { how }: ResumeEvent): { cancelled?: CancelPicture } {
  if (cancelled === undefined || cancelled.state === 'forced' || how === 'value') return {}
  if (how === 'return') return { cancelled: { ...cancelled, state: 'forced' } }
  // A task that was ready when it was cancelled is entered with its own answer first.
  return (by ?? -1) < cancelled.by ? {} : { cancelled: { ...cancelled, state: 'delivered' } }
}

function cancelledBy(task: TaskPicture, { n, t, grace }: CancelEvent): TaskPicture {
  const { cancelled } = task
  // A second one only shortens the grace period.
  if (cancelled !== undefined) return { ...task, cancelled: { ...cancelled, until: t + grace } }
  const withdraws = task.state === 'parked' ? ({ state: 'withdrawing', since: t, by: n } as const) : {}
  return { ...task, ...withdraws, cancelled: { by: n, until: t + grace, state: 'pending' } }
}
