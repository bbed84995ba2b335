// Performs programs on a scheduler, and writes down what each wait came to.

import {
  all,
  Cancelled,
  type Coroutine,
  DeadlockError,
  join,
  kill,
  pause,
  race,
  type Scheduler,
  Semaphore,
  sleep,
  spawn,
  type Task,
  TimeoutError,
  timeout,
  type Yieldable,
} from '@bluelet/scheduler'
import { internals } from '../../support/internals.js'
import { Tasks } from '../tasks.js'
import { ChannelRecord, type Message } from './channel-recorder.js'
import type { Action, Part } from './programs.js'
import type { Recorder } from './recorder.js'
import {
  type Caught,
  doubt,
  flatten,
  gives,
  type Home,
  isMessage,
  type Need,
  type TaskRecord,
  throws,
  type Wait,
} from './waits.js'

/** An error of the program's own. */
export class Failure extends Error {}

/** The harness: what the tasks of a program share. */
export class ModelHarness {
  readonly complaints: string[] = []
  readonly records: TaskRecord[] = []
  readonly tasks: Task[] = []
  readonly channels: readonly ChannelRecord[] = [
    new ChannelRecord(0),
    new ChannelRecord(1),
    new ChannelRecord(Number.POSITIVE_INFINITY),
  ]
  readonly semaphore: Semaphore = new Semaphore(2)
  /** How many permits are held. */
  holders = 0
  /** The waits that are under way. */
  readonly waits = new Set<Wait>()
  readonly caught: Caught[] = []
  readonly supervisor = new Tasks()
  readonly #scheduler: Scheduler
  readonly #recorder: Recorder

  constructor(scheduler: Scheduler, recorder: Recorder) {
    this.#scheduler = scheduler
    this.#recorder = recorder
  }

  /** Adds a task from outside. */
  enter(actions: readonly Action[]): void {
    const home: Home = {}
    home.task = internals(this.#scheduler).spawnUnder(this.supervisor, () => this.#life(actions, home))
    this.tasks.push(home.task)
  }

  /** The whole life of a task. */
  *#life(actions: readonly Action[], home: Home): Coroutine<TaskRecord> {
    const record: TaskRecord = { home, ended: 0, received: new Map() }
    this.records.push(record)
    try {
      yield* this.#performAll(record, actions)
      return record
    } finally {
      record.ended++
    }
  }

  *#performAll(record: TaskRecord, actions: readonly Action[]): Coroutine<void> {
    for (const action of actions) yield* this.#perform(record, action)
  }

  *#perform(record: TaskRecord, action: Action): Coroutine<void> {
    switch (action.kind) {
      case 'throw':
        throw new Failure()
      case 'close':
        this.#channel(action.channel).channel.close()
        return
      case 'spawn': {
        const home: Home = {}
        home.task = yield* spawn(() => this.#life(action.actions, home))
        this.tasks.push(home.task)
        return
      }
      case 'delegate':
        return yield* this.#performAll(record, action.actions)
      case 'attempt':
        return yield* this.#attempt(record, action.actions)
      case 'hold':
        return yield* this.#hold(record, action.ms, action.actions)
      case 'guard':
        try {
          return yield* this.#performAll(record, action.actions)
        } finally {
          yield* this.#performAll(record, action.last)
        }
      case 'race':
      case 'all':
        return yield* this.#wait(
          record,
          action.kind,
          action.parts.map((part) => this.#need(part, {})),
        )
      case 'timeout':
        return yield* this.#wait(record, 'timeout', [this.#need(action.part, {})], action.ms)
      default:
        return yield* this.#wait(record, 'one', [this.#need(action, record.home)])
    }
  }

  *#attempt(record: TaskRecord, actions: readonly Action[]): Coroutine<void> {
    try {
      yield* this.#performAll(record, actions)
    } catch (error) {
      if (error instanceof Cancelled) throw error
    }
  }

  *#hold(record: TaskRecord, ms: number | null, actions: readonly Action[]): Coroutine<void> {
    const need: Need = { kind: 'acquire', yieldable: this.semaphore.acquire() }
    yield* this.#wait(record, ms === null ? 'one' : 'timeout', [need], ms ?? 0)
    this.holders++
    try {
      yield* this.#performAll(record, actions)
    } finally {
      this.holders--
      this.semaphore.release()
    }
  }

  /** @param home the task that a coroutine actions on, if it is called */
  #need(part: Part, home: Home): Need {
    switch (part.kind) {
      case 'pause':
        return { kind: 'pause', yieldable: pause() }
      case 'sleep':
        return { kind: 'sleep', yieldable: sleep(part.ms), ms: part.ms }
      case 'join':
      case 'kill': {
        const target = this.tasks[part.task % this.tasks.length] as Task // There is one at least: who asks.
        const yieldable = part.kind === 'join' ? join(target) : kill(target)
        return { kind: part.kind, yieldable, target, fresh: !this.#hasBegun(target) }
      }
      case 'send': {
        const channelRecord = this.#channel(part.channel)
        const message = channelRecord.next()
        return { kind: 'send', yieldable: channelRecord.channel.send(message), channelRecord, message }
      }
      case 'receive': {
        const channelRecord = this.#channel(part.channel)
        return { kind: 'receive', yieldable: channelRecord.channel.receive(), channelRecord }
      }
      case 'run':
        return { kind: 'run', yieldable: this.#life(part.actions, home) }
    }
  }

  #channel(channel: number): ChannelRecord {
    return this.channels[channel % this.channels.length] as ChannelRecord // An index below the length is filled.
  }

  *#wait(record: TaskRecord, rule: Wait['rule'], needs: readonly Need[], ms = 0): Coroutine<void> {
    const wait: Wait = { record, rule, needs, ms, began: this.#scheduler.now(), at: this.#recorder.at }
    const yieldables = needs.map(({ yieldable }) => yieldable)
    const [first] = yieldables as [Yieldable]
    const yielded =
      rule === 'one'
        ? first
        : rule === 'timeout'
          ? timeout(ms, first)
          : rule === 'race'
            ? race(yieldables)
            : all(yieldables)
    this.waits.add(wait)
    if (rule !== 'one')
      for (const { kind, channelRecord } of needs) if (kind === 'receive') channelRecord?.mayReturn()
    let end: 'gave' | 'threw' | 'withdrawn' = 'withdrawn'
    try {
      const value: unknown = yield yielded
      end = 'gave'
      this.#gave(wait, value)
    } catch (error) {
      if (!(error instanceof Cancelled)) {
        end = 'threw'
        this.#threw(wait, error)
      }
      throw error
    } finally {
      this.waits.delete(wait)
      // What else a combination has done by then, it does not say.
      if ((rule === 'all' && end !== 'gave') || (rule === 'race' && end === 'threw')) doubt(needs)
    }
  }

  #gave(wait: Wait, value: unknown): void {
    const values = wait.rule === 'all' ? (value as unknown[]) : [value]
    for (const each of values) if (isMessage(each)) this.#received(wait.record, each)
    const now = this.#scheduler.now()
    for (const [i, need] of wait.needs.entries()) {
      // Which branch has won a race is not known, but a send gives nothing; the race's own receive
      // may have got it.
      const done = wait.rule !== 'race' || wait.needs.length === 1
      if (need.message !== undefined && done) need.channelRecord?.taken(need.message)
      else if (need.message !== undefined && (value === undefined || value === need.message))
        need.channelRecord?.doubt(need.message)
      if (!done) continue
      if (need.kind === 'sleep' && now < wait.began + (need.ms ?? 0))
        this.complaints.push('a sleep was too short')
      // Of itself, in its clean-up, it does.
      const early = need.target?.outcome === undefined && need.target !== wait.record.home.task
      if (need.kind === 'kill' && early) this.complaints.push('a kill came back early')
      if (need.kind === 'kill' && need.fresh && this.#hasBegun(need.target))
        this.complaints.push('a task began after it was killed')
      if (need.kind === 'join' && !gives(need.target, values[i]))
        this.complaints.push('a join gave what the task did not')
    }
  }

  #threw(wait: Wait, error: unknown): void {
    for (const each of flatten(error)) this.caught.push({ error: each, wait, at: this.#recorder.at })
    const [need] = wait.needs
    // Others may throw one that is not this wait's own.
    const own = need?.kind === 'sleep' || need?.kind === 'send' || need?.kind === 'receive'
    if (own && wait.rule === 'timeout' && error instanceof TimeoutError && this.#isEarly(wait))
      this.complaints.push('a timeout was too short')
    // Of a circle of joins, which may have been broken since.
    if (wait.rule !== 'one' || need?.kind !== 'join' || error instanceof DeadlockError) return
    if (!throws(need.target, error)) this.complaints.push('a join threw what the task did not')
  }

  #hasBegun(task: Task | undefined): boolean {
    return this.records.some(({ home }) => home.task === task)
  }

  #isEarly({ began, ms }: Wait): boolean {
    return this.#scheduler.now() < began + ms
  }

  #received(record: TaskRecord, message: Message): void {
    const complaint = message.channelRecord.received(
      message,
      record.received.get(message.channelRecord) ?? -1,
    )
    if (complaint !== undefined) this.complaints.push(complaint)
    record.received.set(message.channelRecord, message.n)
  }
}
