import type { EventHandler } from '@bluelet/scheduler/lowlevel'

/** An event that gives its argument. */
export const ANSWER: EventHandler<number, void, number> = {
  name: 'answer',
  enter: (waiter, n) => waiter.resume(n),
  withdraw() {},
}
