/**
 * Which step caused which: what the arrow, `b` and `f` follow.
 */

import { effects, why } from '@bluelet/scheduler/trace'
import type { Timeline } from './timeline.js'

/** The step that caused a step; 0 if none did, or it is not in the trace. */
export function causeOf(index: Timeline, step: number): number {
  return step === 0 ? 0 : index.stepOf(why(index.trace, index.resume(step).n).step)
}

/** The first step that a step caused; 0 if it caused none. */
export function effectOf(index: Timeline, step: number): number {
  return step === 0 ? 0 : index.stepOf(effects(index.trace, index.resume(step).n)[0])
}

/** Why a step was taken, as a sentence without its end: `client#3 ran because ...`. */
export function sentenceOf(index: Timeline, step: number): string {
  return why(index.trace, index.resume(step).n).text
}

/** What follows `because` in that sentence. */
export function reasonOf(index: Timeline, step: number): string {
  const sentence = sentenceOf(index, step)
  const lead = `${index.label(index.resume(step).co)} ran because `
  return sentence.startsWith(lead) ? sentence.slice(lead.length) : sentence
}
