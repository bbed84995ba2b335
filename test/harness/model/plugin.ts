// Performs a play from its beginning to its end, in an order that a schedule chooses, and says what was wrong with it.
import { Scheduler } from '@bluelet/scheduler'
import { type Schedule, VirtualHost } from '@bluelet/scheduler/testing'
import { Stage } from './harness.js'
import type { Play } from './programs.js'
import { Ledger } from './recorder.js'
import { hasCircle, type Need, type Wait } from './waits.js'

/** How long a killed task may clean up. */
const GRACE_MS = 3
/** No play takes so many steps. */
const MOST_STEPS = 100_000

/** What came of a play. */
export interface Review {
  /** What must not have happened. */
  readonly complaints: readonly string[]
  /** All that the scheduler did, in lines. */
  readonly lines: readonly string[]
  readonly steps: number
}

/** Performs a play. Tasks that wait for each other when nothing else goes on are killed. */
export function perform(play: Play, schedule: Schedule): Review {
  const host = new VirtualHost({ manual: true, schedule })
  const scheduler = new Scheduler({ host, sites: false })
  scheduler.graceMs = GRACE_MS
  const ledger = new Ledger(scheduler)
  const stage = new Stage(scheduler, ledger)
  for (const acts of play) stage.enter(acts)

  const complaints: string[] = []
  let steps = 0
  for (let idle = false; steps < MOST_STEPS; steps++) {
    if (scheduler.step()) {
      ledger.check()
      idle = false
      continue
    }
    complaints.push(...restless(stage, host.now()))
    const tasks = [...scheduler.tasks()]
    if (tasks.length === 0) break
    if (scheduler.timers.size > 0) host.advance(scheduler.timers.earliest - host.now())
    else if (idle) {
      complaints.push(`${tasks.join(', ')} cannot be killed`)
      break
    } else {
      idle = true
      for (const task of tasks) scheduler.cancel(task)
    }
  }

  complaints.push(
    ...ledger.complaints,
    ...stage.complaints,
    ...leftovers(scheduler, stage),
    ...unheard(stage, ledger),
  )
  if (steps === MOST_STEPS) complaints.push('it does not end')
  return { complaints, lines: ledger.lines, steps }
}

/** Waits that are still under way although nothing is ready and they could be over. */
function restless(stage: Stage, now: number): string[] {
  const found: string[] = []
  for (const wait of stage.waits) {
    // A coroutine may be cleaning up; and of `all`, some may be done.
    if (wait.rule === 'all' || wait.needs.some(({ kind }) => kind === 'run')) continue
    const done = wait.needs.find((need) => couldBeOver(need, wait, stage, now))
    if (done !== undefined) found.push(`a task still waits for ${done.kind}`)
    if (wait.rule === 'timeout' && now >= wait.began + wait.ms) found.push('a timeout was too long')
  }
  if (hasCircle(stage.waits)) found.push('tasks join each other')
  for (const { channel, capacity } of stage.mails)
    if (channel.size > capacity) found.push(`a channel for ${capacity} messages holds ${channel.size}`)
  if (stage.holders + stage.semaphore.permits !== 2)
    found.push(`${stage.holders} permits are held, ${stage.semaphore.permits} free`)
  return found
}

function couldBeOver({ kind, target, mail, ms }: Need, wait: Wait, stage: Stage, now: number): boolean {
  switch (kind) {
    case 'pause':
      return true
    case 'sleep':
      return now >= wait.began + (ms ?? 0)
    case 'join':
    case 'kill':
      return target?.outcome !== undefined
    case 'acquire':
      return stage.semaphore.permits > 0
    case 'send':
      return mail !== undefined && (mail.channel.closed || mail.channel.size < mail.capacity)
    case 'receive':
      return mail !== undefined && (mail.channel.closed || mail.channel.size > 0)
    default:
      return false
  }
}

/** What is left when every task has ended. */
function leftovers(scheduler: Scheduler, stage: Stage): string[] {
  const found = stage.mails.flatMap((mail) => mail.complaint() ?? [])
  if (scheduler.snapshot().length > 0) found.push('tasks are left')
  if (scheduler.timers.size > 0) found.push(`${scheduler.timers.size} timers are left`)
  if (stage.waits.size > 0) found.push(`${stage.waits.size} waits have never ended`)
  for (const { ended } of stage.actors) if (ended !== 1) found.push(`a finally ran ${ended} times`)
  return found
}

/** Errors that ended a task, and that nobody was told of, or both a task that waited and the supervisor. */
function unheard(stage: Stage, ledger: Ledger): string[] {
  const spawned = new Set(stage.tasks)
  return ledger.exits.flatMap(({ task, outcome, at }) => {
    if (outcome.kind !== 'threw') return []
    const told = stage.heard.filter((each) => each.task === task && each.error === outcome.error).length
    const takers = stage.caught.filter(
      (each) =>
        each.error === outcome.error &&
        // A task that joins itself waits for its own error, but gets it before.
        each.wait.at < at &&
        each.at >= at &&
        each.wait.needs.some(({ kind, target }) => target === task || (kind === 'run' && !spawned.has(task))),
    )
    // One that waits for several tasks may have the same error from another one.
    const surely = takers.some(({ wait }) => wait.needs.length === 1)
    const right = told === 0 ? takers.length > 0 : told === 1 && !surely
    return right ? [] : [`the error of ${task} was told ${told} times, and taken ${takers.length} times`]
  })
}
