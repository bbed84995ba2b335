/**
 * What a yieldable waits for, as objects: tasks and resources, for traces.
 */

import type { Request } from './protocol.js'
import { requestOf } from './yieldable.js'

const NOTHING: readonly object[] = []

/** The tasks and resources that a yieldable waits for; none if that is not known. */
export function targetsOf(yielded: unknown): readonly object[] {
  try {
    const on = targetOf(requestOf(yielded))
    return on === undefined ? NOTHING : Array.isArray(on) ? on : [on]
  } catch {
    return NOTHING // What cannot be yielded.
  }
}

/** The same of a request: without an array if it is one object. */
export function targetOf({ $handler, $argument }: Request): object | readonly object[] | undefined {
  try {
    return $handler.on?.($argument)
  } catch {
    return undefined // A handler of a program's own fails, which must not end a recording.
  }
}
