/**
 * The options that every socket has, checked where the user wrote them. The drivers apply them.
 */

import { checkFlag, checkTimeout } from '../check.js'
import type { SocketSettings } from '../driver/protocol.js'

/**
 * Picks the settings from options.
 *
 * @throws TypeError, RangeError if one of them is invalid
 */
export function settingsOf({ noDelay, keepAlive }: SocketSettings, operation: string): SocketSettings {
  if (noDelay !== undefined) checkFlag(noDelay, `${operation}: noDelay`)
  if (keepAlive !== undefined) checkTimeout(keepAlive, `${operation}: keepAlive`, 'never')
  return {
    ...(noDelay === undefined ? {} : { noDelay }),
    ...(keepAlive === undefined ? {} : { keepAlive }),
  }
}
