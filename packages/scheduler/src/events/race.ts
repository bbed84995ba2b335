/** The event `race`: the first of several yieldables. */

import { inspect } from '../check.js'
import { notEntered } from '../core/promise-wait.js'
import type { Event, EventHandler, Yieldable, Yielded } from '../core/protocol.js'
import { targetsOf } from '../core/targets.js'
import { event } from '../event/event-object.js'
import { Combination, type Rule } from '../scope/combination.js'

/**
 * Event: performs several yieldables together and gives the value of the first one that is done, or
 * throws its error. The others are withdrawn at once. Coroutines among them are cancelled, and the
 * race waits for their clean-up. If the clean-up of a loser fails, the race throws that error.
 *
 * Of two events that could be done, only the first in order is performed, so that a race of events
 * loses nothing: the other connection, message or permit is still there. What is made all the same
 * and not received goes back: a connection or a listener is closed, a permit released, a message
 * put in front of its channel, and bytes in front of their stream unless later ones have been read.
 *
 * A coroutine is different. What it has received before it is cancelled is its own, and only its
 * `finally` can put that back: race the event itself. What a losing coroutine returns all the same
 * is disposed of, by `Symbol.dispose` or `Symbol.asyncDispose`, even if others hold it; return no
 * shared object from it. What promises, joined tasks and callbacks give may be held by others, and
 * is left alone.
 *
 * The branches of a race do not meet each other: `race([channel.send(v), channel.receive()])` waits
 * for another task.
 *
 * @example
 * const data = yield* race([conn.recv(1024), sleep(1000)])
 *
 * @param yieldables at least one event, coroutine, task or promise
 * @throws RangeError if the array is empty: such a race would never end
 */
export function race<const Y extends readonly Yieldable[]>(yieldables: Y): Event<Yielded<Y[number]>> {
  if (!Array.isArray(yieldables))
    throw new TypeError(`race(yieldables): expected an array, got ${inspect(yieldables)}`)
  if (yieldables.length === 0)
    throw new RangeError(
      'race(yieldables): expected at least one yieldable, got none: the race would never end',
    )
  return event(RACE, yieldables)
}

const FIRST: Rule = {
  name: 'race',
  needs: 'one',
  gave: (combination, _index, value) => combination.decide({ value }),
}

// biome-ignore lint/suspicious/noExplicitAny: each race has a type of its own.
const RACE: EventHandler<readonly Yieldable[], Combination, any> = {
  name: 'race',
  describe: (yieldables) => `race(${yieldables.length} yieldables)`,
  enter: (waiter, yieldables) => new Combination(waiter, FIRST).enter(yieldables),
  notEntered: (yieldables) => yieldables.forEach(notEntered),
  withdraw: (_waiter, _yieldables, combination) => combination.withdraw(),
  hasten: (_waiter, _yieldables, combination) => combination.hasten(),
  on: (yieldables) => yieldables.flatMap(targetsOf),
  within: (_yieldables, combination) => combination,
}
