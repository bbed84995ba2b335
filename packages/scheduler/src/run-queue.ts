/**
 * The run queue: the tasks that are ready, first in, first out.
 */

import type { Task } from './task.js'

/** A power of two, so that an index wraps with a mask. */
const FIRST_CAPACITY = 64

/** A ring of tasks that grows when it is full. */
export class RunQueue {
  //      head           head + size
  //        v                v
  //  . . . T T T T T T T T . . .     indices wrap around at the capacity
  #ring: (Task | undefined)[]
  #head: number
  #size: number

  constructor() {
    this.#ring = new Array<Task | undefined>(FIRST_CAPACITY).fill(undefined)
    this.#head = 0
    this.#size = 0
  }

  /** How many tasks are ready. */
  get size(): number {
    return this.#size
  }

  /** Puts a task at the end. */
  push(task: Task): void {
    if (this.#size === this.#ring.length) this.#grow()
    const ring = this.#ring
    ring[(this.#head + this.#size) & (ring.length - 1)] = task
    this.#size++
  }

  /** Takes the task at the front; the queue must not be empty. */
  shift(): Task {
    const ring = this.#ring
    const task = ring[this.#head] as Task // Never empty here: the caller looked at size.
    ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (ring.length - 1)
    this.#size--
    return task
  }

  #grow(): void {
    const ring = this.#ring
    const larger = new Array<Task | undefined>(ring.length * 2).fill(undefined)
    for (let i = 0; i < ring.length; i++) larger[i] = ring[(this.#head + i) & (ring.length - 1)]
    this.#ring = larger
    this.#head = 0
  }
}
