/**
 * Events in words.
 */

import type { ResumeEvent, TraceEvent } from '@bluelet/scheduler/trace'

/** What a task did at the end of a step; it is the rest of a sentence whose subject is the task. */
export function did(result: TraceEvent | undefined): string {
  switch (result?.e) {
    case 'yield':
      return `yielded ${result.ev}`
    case 'call':
      return `called ${result.name === undefined ? 'a coroutine' : `${result.name}()`}`
    case 'return':
      return result.how === 'error'
        ? `ended a called coroutine with an error${after(result.value)}`
        : `returned from a called coroutine${after(result.value)}`
    case 'exit':
      return result.outcome === 'returned'
        ? `returned${result.value === undefined || result.value === 'undefined' ? '' : ` ${result.value}`}`
        : result.outcome === 'threw'
          ? `threw ${result.error ?? 'an error'}`
          : 'ended (killed)'
    default:
      return 'had not finished the step when the recording ended'
  }
}

/** What the coroutine of a task was entered with, as `received ...`; empty if it was nothing. */
export function received({ how, value }: ResumeEvent): string {
  if (how === 'error') return value === undefined ? 'received an error' : `received the error ${value}`
  if (how === 'return') return 'was told to return'
  return value === undefined || value === 'undefined' ? '' : `received ${value}`
}

function after(value: string | undefined): string {
  return value === undefined || value === 'undefined' ? '' : `: ${value}`
}
