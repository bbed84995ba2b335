/**
 * What a yieldable waits for, as objects: tasks and resources, for traces.
 */

import type { Request } from './protocol.js'
import { requestOf } from './yieldable.js'

const NOTHING: readonly object[] = []

/** The tasks and resources that a yieldable waits for; none if that is not known. */
export function targetsOf(yielded: unknown): readonly object[] {
  try {
    const { $handler, $argument }: Request = requestOf(yielded)
    const on = $handler.on?.($argument)
    return on === undefined ? NOTHING : Array.isArray(on) ? on : [on]
  } catch {
    return NOTHING // What cannot be yielded, or a handler of a program's own that fails.
  }
}
