/**
 * What a user may set of sockets, checked where it was written.
 */

import type { SocketSettings } from '../driver/protocol.js'
import { shown } from '../errors.js'

/**
 * The settings among some options.
 *
 * @throws TypeError, RangeError for one that is none
 */
export function settingsOf({ noDelay, keepAlive }: SocketSettings, operation: string): SocketSettings {
  if (noDelay !== undefined) checkFlag(noDelay, `${operation}: noDelay`)
  if (keepAlive !== undefined && !(typeof keepAlive === 'number' && keepAlive > 0)) {
    throw new RangeError(
      `${operation}: keepAlive: expected ms > 0, or Infinity for never, got ${shown(keepAlive)}`,
    )
  }
  return {
    ...(noDelay === undefined ? {} : { noDelay }),
    ...(keepAlive === undefined ? {} : { keepAlive }),
  }
}

/**
 * Checks what can only be on or off.
 *
 * @throws TypeError if it is neither
 */
export function checkFlag(flag: unknown, what: string): asserts flag is boolean {
  if (typeof flag !== 'boolean') throw new TypeError(`${what}: expected true or false, got ${shown(flag)}`)
}
