// One run of a scenario: its world, its tasks, and one kill at most.
//
// A probe must not touch the scheduler. The kill comes from the host's `context`, through which
// every step is made: before the step or after it, and so between two steps.

import type { SimulationOptions } from '@bluelet/net/testing'
import {
  Cancelled,
  type Coroutine,
  type Event,
  join,
  KilledError,
  kill,
  pause,
  Scheduler,
  spawn,
  type Task,
  type TaskHandle,
} from '@bluelet/scheduler'
import type { Probe, StepContext } from '@bluelet/scheduler/lowlevel'
import { internals } from '../../support/internals.js'
import { leftIn, ROOT, runToRest } from '../leftovers.js'
import { Tasks } from '../tasks.js'
import { type Transport, WorldOver } from '../transport.js'
import { TaskRecord } from './task-record.js'

/**
 * How much happens during one wait, to be looked at: of the network, and beside it. Beyond that one
 * time is like another.
 */
const MAX_OPERATIONS = 3
const MAX_MEANWHILE = 30
/** Of a task that waits for the victim: the first, the one that waits, the last. */
const LAST_STEPS = 3

/**
 * When a task is killed. `new`: before its first step. `after`: just when its step is over, and it
 * has parked or is ready again. `woken`: ready with what it had waited for, just before its next
 * step. `meanwhile`: still parked, when a task that it has spawned has taken a step, or when the
 * network has been at work.
 */
export interface Point {
  readonly ordinal: number
  readonly when: 'new' | 'after' | 'woken' | 'meanwhile'
  readonly step: number
  /** Which of the times in one wait. */
  readonly time: number
}

/** A world that calls back around each step. */
class SteppedWorld extends WorldOver {
  remember: () => StepContext = () => (call, arg) => call(arg)

  context(): StepContext {
    return this.remember()
  }
}

/** One run of a scenario. */
export class KillHarness {
  readonly world: SteppedWorld
  readonly scheduler: Scheduler
  readonly tasks = new Tasks()
  /** What has gone wrong. */
  readonly problems: string[] = []
  /** Where a kill could come. */
  readonly points: Point[] = []
  /** The task to be killed, once it has been spawned. */
  victim: Task | undefined
  /** What the tasks that wait for the victim were woken with: an error, or undefined for none. */
  readonly woken = new Map<'joiner' | 'killer', unknown>()
  readonly #target: Point | undefined
  readonly #records = new Map<TaskHandle, TaskRecord>()
  readonly #checks: (() => Coroutine)[] = []
  #current: TaskRecord | undefined
  #born: TaskRecord[] = []
  /** The task that is spawned next. */
  #unborn: { record: TaskRecord | undefined } | undefined
  #over = false

  /** @param target where the kill comes; undefined: nowhere */
  constructor(target: Point | undefined, options: SimulationOptions = {}, transport?: Transport) {
    this.#target = target
    this.world = new SteppedWorld({ ...options, fault: () => this.#operation() }, transport)
    this.world.remember = () => this.#around()
    this.scheduler = new Scheduler({ host: this.world, sites: false })
    this.scheduler.attach(this.#probe())
  }

  /**
   * A coroutine that is watched: it ends once, after those that it has called, and does not go on
   * after a kill.
   */
  *guarded<T>(name: string, body: Coroutine<T>): Coroutine<T> {
    const record = this.#current
    if (record === undefined) return yield* body
    const entry = record.enter(name)
    let normally = false
    try {
      const value = yield* body
      normally = true
      return value
    } finally {
      this.problems.push(...record.leave(entry, normally, [...this.#records.values()]))
    }
  }

  /** Event: starts a task whose coroutine is watched. */
  start<T>(name: string, body: Coroutine<T>): Event<Task<T>> {
    return spawn.with({ name }, this.guarded(name, body))
  }

  /** Adds what has to be possible when all is over: a permit can be taken, a port is free. */
  afterwards(check: () => Coroutine): void {
    this.#checks.push(check)
  }

  /** Runs the scenario to its end. */
  async run(main: Coroutine): Promise<void> {
    const root = this.#root(this.guarded('main', main))
    this.problems.push(...(await runToRest(root, this.scheduler, this.world)))
    for (const { open } of this.#records.values())
      for (const { name } of open) this.problems.push(`${name} did not run its finally`)
  }

  *#root(main: Coroutine): Coroutine<void> {
    yield* this.tasks.run(main)
    this.#over = true
    // The tasks that waited for the victim have been woken, and now take their last steps.
    for (let i = 0; i < LAST_STEPS; i++) yield pause()
    for (const check of this.#checks) yield* check()
    this.problems.push(...leftIn(this.scheduler, [ROOT]))
  }

  #probe(): Probe {
    return {
      spawn: (task, spawner) => {
        const unborn = this.#unborn
        this.#unborn = undefined
        // The root, the joiner and the killer come from outside; the checks are not part of the
        // scenario.
        if (spawner === null || unborn === undefined || this.#over) return
        const record = new TaskRecord(task as Task, this.#records.size, this.#records.get(spawner))
        this.#records.set(task, record)
        unborn.record = record
        this.#born.push(record)
      },
      resume: (task, how, value) => {
        if (how === 'error' && value instanceof Cancelled) this.#records.get(task)?.cancelled()
      },
    }
  }

  #around(): StepContext {
    const holder: { record: TaskRecord | undefined } = { record: undefined }
    this.#unborn = holder
    return (call, arg) => {
      const { record } = holder
      if (record?.parked) this.#reached(record, 'woken')
      this.#current = record
      const result = call(arg)
      this.#current = undefined
      if (record !== undefined) this.#stepped(record)
      for (const born of this.#born.splice(0)) this.#spawned(born)
      return result
    }
  }

  #stepped(record: TaskRecord): void {
    record.steps++
    record.parked = record.task.state === 'parked'
    record.meanwhile = 0
    if (record.task.outcome === undefined) this.#reached(record, 'after')
    for (let waiting = record.spawner; waiting !== undefined; waiting = waiting.spawner)
      if (waiting.task.state === 'parked' && waiting.meanwhile < MAX_MEANWHILE)
        this.#reached(waiting, 'meanwhile', ++waiting.meanwhile)
  }

  #spawned(record: TaskRecord): void {
    if (this.#target?.ordinal === record.ordinal) {
      this.victim = record.task
      this.scheduler.spawn(this.#joiner(record.task))
    }
    this.#reached(record, 'new')
  }

  /** The network is at work, and not in a step of a task that is watched. */
  #operation(): undefined {
    if (this.#current !== undefined) return
    for (const record of this.#records.values()) {
      if (!record.parked || record.meanwhile >= MAX_OPERATIONS) continue
      const { steps } = record
      const time = ++record.meanwhile
      this.world.at(this.world.now(), () => {
        if (record.steps === steps && record.task.state === 'parked') this.#reached(record, 'meanwhile', time)
      })
    }
  }

  #reached(record: TaskRecord, when: Point['when'], time = 0): void {
    const { ordinal, steps: step, task } = record
    const target = this.#target
    if (target === undefined) this.points.push({ ordinal, when, step, time })
    if (target?.ordinal !== ordinal || target.when !== when) return
    if (target.step !== step || target.time !== time) return
    this.points.push(target)
    internals(this.scheduler).cancel(task)
    if (task.state === 'parked' && !record.ending && !isShielded(task))
      this.problems.push('the victim waits on')
    this.scheduler.spawn(this.#killer(task))
  }

  /** Waits for the victim from the beginning. */
  *#joiner(victim: Task): Coroutine<void> {
    let error: unknown
    try {
      yield* join(victim)
    } catch (thrown) {
      error = thrown
    }
    this.woken.set('joiner', error)
  }

  /** Waits with the kill. */
  *#killer(victim: Task): Coroutine<void> {
    let error: unknown
    try {
      yield* kill(victim)
    } catch (thrown) {
      error = thrown
    }
    if (victim.outcome === undefined) this.problems.push('the kill came back before its victim had ended')
    this.woken.set('killer', error)
  }
}

/** Whether a task runs a shielded coroutine, for which a kill waits. */
export function isShielded(task: TaskHandle): boolean {
  return (task as unknown as { readonly shielded: boolean }).shielded
}

/** Waits for a task, whether or not it is killed. */
export function* ended<T>(task: Task<T>): Coroutine<T | undefined> {
  try {
    return yield* join(task)
  } catch (error) {
    if (error instanceof KilledError) return undefined
    throw error
  }
}
