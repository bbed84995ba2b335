/**
 * What a lesson is: a program that is wrong, and what to find out about it and to change. It is
 * data; a link may bring one that a stranger has written.
 */

import { type Checks, checksIn } from './checks.js'

/** A lesson. */
export interface Lesson {
  readonly title: string
  readonly steps: readonly LessonStep[]
}

/** One thing to do. */
export interface LessonStep {
  /** What to look at, or to do. */
  readonly text: string
  /**
   * A question about the run, and its answers; the first one is right. They are shown in another
   * order.
   */
  readonly predict?: { readonly question: string; readonly answers: readonly string[] }
  /** What to show: the first step of the task of this name, or the `last` step of all. */
  readonly seek?: string
  /** The reader changes the program; only then the checks can pass. */
  readonly edit?: true
  /** What must be true of the run. */
  readonly check: Checks
}

/** The lesson that a value describes; null if it describes none. */
export function lessonIn(value: unknown): Lesson | null {
  if (!isObject(value) || !isText(value.title) || !Array.isArray(value.steps)) return null
  const steps = value.steps.map(stepIn)
  if (steps.length === 0 || steps.length > 20 || steps.includes(null)) return null
  return { title: value.title, steps: steps as LessonStep[] } // None of them is null.
}

function stepIn(value: unknown): LessonStep | null {
  if (!isObject(value) || !isText(value.text)) return null
  const { text, predict, seek, edit, check = {} } = value
  const checks = checksIn(check)
  const question = predict === undefined ? undefined : predictIn(predict)
  if (checks === null || question === null) return null
  return {
    text,
    check: checks,
    ...(question === undefined ? {} : { predict: question }),
    ...(isText(seek) ? { seek } : {}),
    ...(edit === true ? { edit } : {}),
  }
}

function predictIn(value: unknown): LessonStep['predict'] | null {
  if (!isObject(value) || !isText(value.question) || !Array.isArray(value.answers)) return null
  const { question, answers } = value
  return answers.length >= 2 && answers.length <= 6 && answers.every(isText) ? { question, answers } : null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 2_000
}
