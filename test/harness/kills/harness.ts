// One run of a scenario: its world, its tasks, and one kill at most.
//
// A probe must not touch the scheduler. The kill comes from the host's `context`, through which every step is made: before the step
// or after it, and so between two steps.
import { Simulation, type SimulationOptions } from '@bluelet/net/testing'
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
} from '@bluelet/scheduler'
import type { Probe, StepContext } from '@bluelet/scheduler/lowlevel'
import { leftIn, toItsEnd } from '../leftovers.js'
import { Cast } from '../tasks.js'
import { Actor } from './task-record.js'

/** How much happens during one wait, to be looked at: of the network, and beside it. Beyond that one time is like another. */
const MOST_OPERATIONS = 3
const MOST_MEANWHILE = 30
/** Of whoever waits for the victim: the first, the one that waits, the last. */
const LAST_STEPS = 3

/**
 * When a task is killed. `new`: before its first step. `after`: just when its step is over, and it has parked or is ready again.
 * `woken`: ready with what it had waited for, just before its next step. `meanwhile`: still parked, when a task that it has
 * spawned has taken a step, or when the network has been at work.
 */
export interface Point {
  readonly ordinal: number
  readonly when: 'new' | 'after' | 'woken' | 'meanwhile'
  readonly step: number
  /** Which of the times in one wait. */
  readonly time: number
}

/** A world that calls back around each step. */
class SteppedWorld extends Simulation {
  remember: () => StepContext = () => (call, arg) => call(arg)

  context(): StepContext {
    return this.remember()
  }
}

export class Stage {
  readonly world: SteppedWorld
  readonly scheduler: Scheduler
  readonly cast = new Cast()
  /** Whatever has gone wrong. */
  readonly problems: string[] = []
  /** Where a kill could come. */
  readonly points: Point[] = []
  /** Who is to be killed, once it has been spawned. */
  victim: Task | undefined
  /** What those who wait for the victim were woken with: an error, or undefined for none. */
  readonly woken = new Map<'joiner' | 'killer', unknown>()
  readonly #target: Point | undefined
  readonly #actors = new Map<Task, Actor>()
  readonly #checks: (() => Coroutine)[] = []
  #current: Actor | undefined
  #born: Actor[] = []
  /** Whose spawning the next probe will tell of. */
  #unborn: { actor: Actor | undefined } | undefined
  #over = false

  /** @param target where the kill comes; undefined: nowhere */
  constructor(target: Point | undefined, options: SimulationOptions = {}) {
    this.#target = target
    this.world = new SteppedWorld({ ...options, fault: () => this.#operation() })
    this.world.remember = () => this.#around()
    this.scheduler = new Scheduler({ host: this.world, sites: false })
    this.scheduler.attach(this.#probe())
  }

  /** A coroutine that is watched: it ends once, after those that it has called, and does not go on after a kill. */
  *guarded<T>(name: string, body: Coroutine<T>): Coroutine<T> {
    const actor = this.#current
    if (actor === undefined) return yield* body
    const entry = actor.enter(name)
    let normally = false
    try {
      const value = yield* body
      normally = true
      return value
    } finally {
      this.problems.push(...actor.leave(entry, normally, [...this.#actors.values()]))
    }
  }

  /** Event: starts a task whose coroutine is watched. */
  start<T>(name: string, body: Coroutine<T>): Event<Task<T>> {
    return spawn.with({ name }, this.guarded(name, body))
  }

  /** What has to be possible when all is over: a permit can be had, a port is free. */
  afterwards(check: () => Coroutine): void {
    this.#checks.push(check)
  }

  /** Plays the scenario to its end. */
  async play(main: Coroutine): Promise<void> {
    try {
      await toItsEnd(this.scheduler.run(this.#root(this.guarded('main', main))), this.world)
    } catch (error) {
      this.problems.push(`the run has failed: ${error}`)
    }
    this.problems.push(...(await leftIn(this.world)))
    for (const { open } of this.#actors.values())
      for (const { name } of open) this.problems.push(`${name} did not run its finally`)
  }

  *#root(main: Coroutine): Coroutine<void> {
    yield* this.cast.play(main)
    this.#over = true
    // Those who waited for the victim have been woken, and now take their last steps.
    for (let i = 0; i < LAST_STEPS; i++) yield pause()
    const { timers } = this.scheduler
    if (timers.size > 0) this.problems.push(`${timers.size} timers are left`)
    for (const check of this.#checks) yield* check()
    const others = this.scheduler.snapshot().filter(({ id }) => id !== 1)
    for (const { name, waitsFor } of others) this.problems.push(`${name} is left, in ${waitsFor}`)
  }

  #probe(): Probe {
    return {
      spawn: (task, spawner) => {
        const unborn = this.#unborn
        this.#unborn = undefined
        // The root and the witnesses come from outside; the checks are none of the scenario's.
        if (spawner === null || unborn === undefined || this.#over) return
        const actor = new Actor(task, this.#actors.size, this.#actors.get(spawner))
        this.#actors.set(task, actor)
        unborn.actor = actor
        this.#born.push(actor)
      },
      resume: (task, how, value) => {
        if (how === 'error' && value instanceof Cancelled) this.#actors.get(task)?.cancelled()
      },
    }
  }

  #around(): StepContext {
    const holder: { actor: Actor | undefined } = { actor: undefined }
    this.#unborn = holder
    return (call, arg) => {
      const { actor } = holder
      if (actor?.parked) this.#reached(actor, 'woken')
      this.#current = actor
      const result = call(arg)
      this.#current = undefined
      if (actor !== undefined) this.#stepped(actor)
      for (const born of this.#born.splice(0)) this.#spawned(born)
      return result
    }
  }

  #stepped(actor: Actor): void {
    actor.steps++
    actor.parked = actor.task.state === 'parked'
    actor.meanwhile = 0
    if (actor.task.outcome === undefined) this.#reached(actor, 'after')
    for (let waiting = actor.spawner; waiting !== undefined; waiting = waiting.spawner)
      if (waiting.task.state === 'parked' && waiting.meanwhile < MOST_MEANWHILE)
        this.#reached(waiting, 'meanwhile', ++waiting.meanwhile)
  }

  #spawned(actor: Actor): void {
    if (this.#target?.ordinal === actor.ordinal) {
      this.victim = actor.task
      this.scheduler.spawn(this.#joiner(actor.task))
    }
    this.#reached(actor, 'new')
  }

  /** The network is at work, and not in a step of a task that is watched. */
  #operation(): undefined {
    if (this.#current !== undefined) return
    for (const actor of this.#actors.values()) {
      if (!actor.parked || actor.meanwhile >= MOST_OPERATIONS) continue
      const { steps } = actor
      const time = ++actor.meanwhile
      this.world.at(this.world.now(), () => {
        if (actor.steps === steps && actor.task.state === 'parked') this.#reached(actor, 'meanwhile', time)
      })
    }
  }

  #reached(actor: Actor, when: Point['when'], time = 0): void {
    const { ordinal, steps: step, task } = actor
    const target = this.#target
    if (target === undefined) this.points.push({ ordinal, when, step, time })
    if (target?.ordinal !== ordinal || target.when !== when) return
    if (target.step !== step || target.time !== time) return
    this.points.push(target)
    this.scheduler.cancel(task)
    if (task.state === 'parked' && !actor.ending) this.problems.push('the victim waits on')
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

/** Waits for a task, whether or not it is killed. */
export function* ended<T>(task: Task<T>): Coroutine<T | undefined> {
  try {
    return yield* join(task)
  } catch (error) {
    if (error instanceof KilledError) return undefined
    throw error
  }
}
