// Runs a program from its beginning to its end, in an order that a schedule chooses, and says what
// was wrong with it.

import { Scheduler } from '@bluelet/scheduler'
import { type Schedule, VirtualHost } from '@bluelet/scheduler/testing'
import { internals } from '../../support/internals.js'
import { leftIn } from '../leftovers.js'
import { ModelHarness } from './harness.js'
import type { Program } from './programs.js'
import { Recorder } from './recorder.js'
import { hasCircle, type Need, type Wait } from './waits.js'

/** How long a killed task may clean up. */
const GRACE_MS = 3
/** No program takes so many steps. */
const MAX_STEPS = 100_000

/** What came of a program. */
export interface Run {
  /** What must not have happened. */
  readonly complaints: readonly string[]
  /** All that the scheduler did, in lines. */
  readonly lines: readonly string[]
  readonly steps: number
}

/** Runs a program. Tasks that wait for each other when nothing else goes on are killed. */
export function runProgram(program: Program, schedule: Schedule): Run {
  const host = new VirtualHost({ manual: true, schedule })
  const scheduler = new Scheduler({ host, sites: false })
  internals(scheduler).grace = GRACE_MS
  const recorder = new Recorder(scheduler)
  const harness = new ModelHarness(scheduler, recorder)
  for (const actions of program) harness.enter(actions)

  const complaints: string[] = []
  let steps = 0
  for (let idle = false; steps < MAX_STEPS; steps++) {
    if (scheduler.step()) {
      recorder.check()
      idle = false
      continue
    }
    complaints.push(...restless(harness, host.now()))
    const tasks = [...internals(scheduler).tasks]
    if (tasks.length === 0) break
    if (internals(scheduler).timers.size > 0) host.advance(internals(scheduler).timers.earliest - host.now())
    else if (idle) {
      complaints.push(`${tasks.join(', ')} cannot be killed`)
      break
    } else {
      idle = true
      for (const task of tasks) internals(scheduler).cancel(task)
    }
  }

  complaints.push(
    ...recorder.complaints,
    ...harness.complaints,
    ...leftIn(scheduler),
    ...leftovers(harness),
    ...unheard(harness, recorder),
  )
  if (steps === MAX_STEPS) complaints.push('it does not end')
  return { complaints, lines: recorder.lines, steps }
}

/** Waits that are still under way although nothing is ready and they could be over. */
function restless(harness: ModelHarness, now: number): string[] {
  const found: string[] = []
  for (const wait of harness.waits) {
    // A coroutine may be cleaning up; and of `all`, some may be done.
    if (wait.rule === 'all' || wait.needs.some(({ kind }) => kind === 'run')) continue
    const done = wait.needs.find((need) => couldBeOver(need, wait, harness, now))
    if (done !== undefined) found.push(`a task still waits for ${done.kind}`)
    if (wait.rule === 'timeout' && now >= wait.began + wait.ms) found.push('a timeout was too long')
  }
  if (hasCircle(harness.waits)) found.push('tasks join each other')
  for (const { channel, capacity, max } of harness.channels)
    if (channel.size > max) found.push(`a channel for ${capacity} messages holds ${channel.size}`)
  if (harness.holders + harness.semaphore.permits !== 2)
    found.push(`${harness.holders} permits are held, ${harness.semaphore.permits} free`)
  return found
}

function couldBeOver(
  { kind, target, channelRecord, ms }: Need,
  wait: Wait,
  harness: ModelHarness,
  now: number,
): boolean {
  switch (kind) {
    case 'pause':
      return true
    case 'sleep':
      return now >= wait.began + (ms ?? 0)
    case 'join':
    case 'kill':
      return target?.outcome !== undefined
    case 'acquire':
      return harness.semaphore.permits > 0
    case 'send':
      return (
        channelRecord !== undefined &&
        (channelRecord.channel.closed || channelRecord.channel.size < channelRecord.capacity)
      )
    case 'receive':
      return channelRecord !== undefined && (channelRecord.channel.closed || channelRecord.channel.size > 0)
    default:
      return false
  }
}

/** What is left when every task has ended. */
function leftovers(harness: ModelHarness): string[] {
  const found = harness.channels.flatMap((channelRecord) => channelRecord.complaint() ?? [])
  if (harness.waits.size > 0) found.push(`${harness.waits.size} waits have never ended`)
  for (const { ended } of harness.records) if (ended !== 1) found.push(`a finally ran ${ended} times`)
  return found
}

/** Errors that ended a task and that reached no task, or both a waiting task and the supervisor. */
function unheard(harness: ModelHarness, recorder: Recorder): string[] {
  const spawned = new Set(harness.tasks)
  return recorder.exits.flatMap(({ task, outcome, at }) => {
    if (outcome.kind !== 'threw') return []
    const told = harness.supervisor.failures.filter(
      (each) => each.task === task && each.error === outcome.error,
    ).length
    const takers = harness.caught.filter(
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
