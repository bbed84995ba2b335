/**
 * How a run ended, in a sentence.
 */

import { type End, type Limits, MAX_TRACE, type Report } from './protocol.js'

/** A sentence, and whether it is bad news. */
export interface Message {
  readonly text: string
  readonly kind: 'good' | 'plain' | 'bad'
}

/** What a reader should know of the end of a run. */
export function messageOf({ how, message = '', line, task }: End, limits: Limits): Message {
  const at = line === undefined ? '' : ` (line ${line})`
  switch (how) {
    case 'returned':
      return { text: 'The program has ended.', kind: 'good' }
    case 'threw':
      return { text: `${message}${at}`, kind: 'bad' }
    case 'failed':
      return { text: `This cannot be run: ${message}${at}`, kind: 'bad' }
    case 'waits':
      return { text: 'The server waits for clients. Type into the terminal to be one.', kind: 'plain' }
    case 'steps':
      return { text: `Stopped after ${limits.steps.toLocaleString('en')} steps.`, kind: 'plain' }
    case 'time':
      return { text: `Stopped after ${seconds(limits.time)} of virtual time.`, kind: 'plain' }
    case 'hang':
      return { text: hang(line, task), kind: 'bad' }
    case 'quiet':
      return {
        text: 'The program waits for something that is not simulated, such as a promise that is never resolved.',
        kind: 'bad',
      }
    case 'slow':
      return { text: 'Stopped: the program takes too long.', kind: 'bad' }
  }
}

function hang(line: number | undefined, task: string | undefined): string {
  const subject = task === undefined ? 'the program' : task
  const place = line === undefined ? '' : ` at line ${line}`
  return `Stopped: ${subject} does not yield${place}, so nothing else can run.`
}

/** Whether a run may be continued. */
export function goesOn({ how }: End): boolean {
  return how === 'steps' || how === 'time'
}

/** What came of trying every schedule. */
export function explorationOf({ explored, end }: Report, limits: Limits): Message {
  if (explored === undefined) return messageOf(end, limits)
  const { runs, failing, all } = explored
  const schedules = runs === 1 ? '1 schedule' : `${runs.toLocaleString('en')} schedules`
  if (failing !== null) {
    const name = failing === '' ? 'the usual order' : `the schedule ${failing}`
    return { text: `Fails under ${name}, found in run ${runs.toLocaleString('en')}.`, kind: 'bad' }
  }
  return all
    ? { text: `No failure: that was every order, ${schedules}.`, kind: 'good' }
    : { text: `No failure in the first ${schedules}. There are more.`, kind: 'plain' }
}

/** Why a trace cannot be shown. */
export const TOO_LONG: string = `The trace is longer than ${MAX_TRACE / 1e6} MB.`

function seconds(ms: number): string {
  return `${(ms / 1000).toLocaleString('en')} s`
}
