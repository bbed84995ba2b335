// Performs plays on a scheduler, and writes down what each wait came to.
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
import type { Supervisor } from '@bluelet/scheduler/lowlevel'
import { Mail, type Message } from './channel-recorder.js'
import type { Act, Part } from './programs.js'
import type { Ledger } from './recorder.js'
import {
  type Actor,
  type Caught,
  doubt,
  flatten,
  gives,
  type Home,
  isMessage,
  type Need,
  throws,
  type Wait,
} from './waits.js'

/** An error of the play's own. */
export class Failure extends Error {}

/** The stage: what the tasks of a play share. */
export class Stage implements Supervisor {
  readonly complaints: string[] = []
  readonly actors: Actor[] = []
  readonly tasks: Task[] = []
  readonly mails: readonly Mail[] = [new Mail(0), new Mail(1), new Mail(Number.POSITIVE_INFINITY)]
  readonly semaphore: Semaphore = new Semaphore(2)
  /** How many permits are held. */
  holders = 0
  /** The waits that are under way. */
  readonly waits = new Set<Wait>()
  readonly caught: Caught[] = []
  /** The errors that nobody waited for, as they came here. */
  readonly heard: { readonly task: Task; readonly error: unknown }[] = []
  readonly #scheduler: Scheduler
  readonly #ledger: Ledger

  constructor(scheduler: Scheduler, ledger: Ledger) {
    this.#scheduler = scheduler
    this.#ledger = ledger
  }

  adopt(): void {}

  disown(): void {}

  fail(task: Task, error: unknown): void {
    this.heard.push({ task, error })
  }

  /** Adds a task from outside. */
  enter(acts: readonly Act[]): void {
    const home: Home = {}
    home.task = this.#scheduler.spawnUnder(this, () => this.#life(acts, home))
    this.tasks.push(home.task)
  }

  /** An actor's whole life. */
  *#life(acts: readonly Act[], home: Home): Coroutine<Actor> {
    const actor: Actor = { home, ended: 0, received: new Map() }
    this.actors.push(actor)
    try {
      yield* this.#perform(actor, acts)
      return actor
    } finally {
      actor.ended++
    }
  }

  *#perform(actor: Actor, acts: readonly Act[]): Coroutine<void> {
    for (const act of acts) yield* this.#act(actor, act)
  }

  *#act(actor: Actor, act: Act): Coroutine<void> {
    switch (act.act) {
      case 'throw':
        throw new Failure()
      case 'close':
        this.#mail(act.channel).channel.close()
        return
      case 'spawn': {
        const home: Home = {}
        home.task = yield* spawn(() => this.#life(act.acts, home))
        this.tasks.push(home.task)
        return
      }
      case 'delegate':
        return yield* this.#perform(actor, act.acts)
      case 'attempt':
        return yield* this.#attempt(actor, act.acts)
      case 'hold':
        return yield* this.#hold(actor, act.ms, act.acts)
      case 'guard':
        try {
          return yield* this.#perform(actor, act.acts)
        } finally {
          yield* this.#perform(actor, act.last)
        }
      case 'race':
      case 'all':
        return yield* this.#wait(
          actor,
          act.act,
          act.parts.map((part) => this.#need(part, {})),
        )
      case 'timeout':
        return yield* this.#wait(actor, 'timeout', [this.#need(act.part, {})], act.ms)
      default:
        return yield* this.#wait(actor, 'one', [this.#need(act, actor.home)])
    }
  }

  *#attempt(actor: Actor, acts: readonly Act[]): Coroutine<void> {
    try {
      yield* this.#perform(actor, acts)
    } catch (error) {
      if (error instanceof Cancelled) throw error
    }
  }

  *#hold(actor: Actor, ms: number | null, acts: readonly Act[]): Coroutine<void> {
    const need: Need = { kind: 'acquire', yieldable: this.semaphore.acquire() }
    yield* this.#wait(actor, ms === null ? 'one' : 'timeout', [need], ms ?? 0)
    this.holders++
    try {
      yield* this.#perform(actor, acts)
    } finally {
      this.holders--
      this.semaphore.release()
    }
  }

  /** @param home the task that a coroutine acts on, if it is called */
  #need(part: Part, home: Home): Need {
    switch (part.act) {
      case 'pause':
        return { kind: 'pause', yieldable: pause() }
      case 'sleep':
        return { kind: 'sleep', yieldable: sleep(part.ms), ms: part.ms }
      case 'join':
      case 'kill': {
        const target = this.tasks[part.task % this.tasks.length] as Task // There is one at least: who asks.
        const yieldable = part.act === 'join' ? join(target) : kill(target)
        return { kind: part.act, yieldable, target, fresh: !this.#hasBegun(target) }
      }
      case 'send': {
        const mail = this.#mail(part.channel)
        const message = mail.next()
        return { kind: 'send', yieldable: mail.channel.send(message), mail, message }
      }
      case 'receive': {
        const mail = this.#mail(part.channel)
        return { kind: 'receive', yieldable: mail.channel.receive(), mail }
      }
      case 'run':
        return { kind: 'run', yieldable: this.#life(part.acts, home) }
    }
  }

  #mail(channel: number): Mail {
    return this.mails[channel % this.mails.length] as Mail // An index below the length is filled.
  }

  *#wait(actor: Actor, rule: Wait['rule'], needs: readonly Need[], ms = 0): Coroutine<void> {
    const wait: Wait = { actor, rule, needs, ms, began: this.#scheduler.now(), at: this.#ledger.at }
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
    for (const each of values) if (isMessage(each)) this.#received(wait.actor, each)
    const now = this.#scheduler.now()
    for (const [i, need] of wait.needs.entries()) {
      // Of a race nobody knows who has won it, but that a send gives nothing; its own receive may have got it.
      const done = wait.rule !== 'race' || wait.needs.length === 1
      if (need.message !== undefined && done) need.mail?.taken(need.message)
      else if (need.message !== undefined && (value === undefined || value === need.message))
        need.mail?.doubt(need.message)
      if (!done) continue
      if (need.kind === 'sleep' && now < wait.began + (need.ms ?? 0))
        this.complaints.push('a sleep was too short')
      // Of itself, in its clean-up, it does.
      const early = need.target?.outcome === undefined && need.target !== wait.actor.home.task
      if (need.kind === 'kill' && early) this.complaints.push('a kill came back early')
      if (need.kind === 'kill' && need.fresh && this.#hasBegun(need.target))
        this.complaints.push('a task began after it was killed')
      if (need.kind === 'join' && !gives(need.target, values[i]))
        this.complaints.push('a join gave what the task did not')
    }
  }

  #threw(wait: Wait, error: unknown): void {
    for (const each of flatten(error)) this.caught.push({ error: each, wait, at: this.#ledger.at })
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
    return this.actors.some(({ home }) => home.task === task)
  }

  #isEarly({ began, ms }: Wait): boolean {
    return this.#scheduler.now() < began + ms
  }

  #received(actor: Actor, message: Message): void {
    const complaint = message.mail.received(message, actor.received.get(message.mail) ?? -1)
    if (complaint !== undefined) this.complaints.push(complaint)
    actor.received.set(message.mail, message.n)
  }
}
