// Runs a random program with a recording and without one, and looks at what every trace must be.
import { Scheduler, type Task } from '@bluelet/scheduler'
import type { Probe } from '@bluelet/scheduler/lowlevel'
import { seeded, VirtualHost } from '@bluelet/scheduler/testing'
import { record, type Trace, type TraceEvent } from '@bluelet/scheduler/trace'
import { internals } from '../../support/internals.js'
import { ModelHarness } from '../model/harness.js'
import type { Program } from '../model/programs.js'
import { Recorder } from '../model/recorder.js'

const GRACE_MS = 3
/** No program takes so many steps. */
const MAX_STEPS = 10_000

/** What came of a program. */
export interface Run {
  readonly complaints: readonly string[]
  readonly events: number
}

/** Runs a program twice. */
export function runTwice(program: Program, seed: number): Run {
  const recorded = stepsOf(program, seed, true)
  const bare = stepsOf(program, seed, false)
  const { trace } = recorded
  const same = recorded.steps.join() === bare.steps.join()
  return {
    complaints: [
      ...(same ? [] : ['the recording has changed the steps']),
      ...(trace === null ? [] : complaintsAbout(trace)),
    ],
    events: trace?.events.length ?? 0,
  }
}

function stepsOf(
  program: Program,
  seed: number,
  recorded: boolean,
): { steps: string[]; trace: Trace | null } {
  const host = new VirtualHost({ manual: true, schedule: seeded(seed) })
  const scheduler = new Scheduler({ host, sites: false })
  internals(scheduler).grace = GRACE_MS
  const recording = recorded ? record(scheduler, { limit: 100_000 }) : null
  const steps: string[] = []
  const probe: Probe = { resume: (task, how) => void steps.push(`${task} ${how} at ${host.now()}`) }
  scheduler.attach(probe)
  const harness = new ModelHarness(scheduler, new Recorder(scheduler))
  for (const actions of program) harness.enter(actions)
  const { timers, tasks } = internals(scheduler)
  for (let taken = 0, idle = false; taken < MAX_STEPS; taken++) {
    if (scheduler.step()) idle = false
    else if (timers.size > 0) host.advance(timers.earliest - host.now())
    else if (idle || [...tasks].length === 0) break
    else {
      idle = true
      for (const task of [...tasks] as Task[]) internals(scheduler).cancel(task)
    }
  }
  return { steps, trace: recording?.stop() ?? null }
}

/** What is wrong with a trace that was recorded from the start of its program. */
export function complaintsAbout({ events }: Trace): string[] {
  const complaints: string[] = []
  /** The latest `resume` of each task, by which a yield, a call and a return belong to a step. */
  const steps = new Map<number, number>()
  /** For each `resume` the event that its reason leads to; null: root, time or outside. */
  const reasons = new Map<number, number | null | undefined>()
  let running: number | null = null
  let t = 0
  for (const [i, event] of events.entries()) {
    const { n } = event
    const complain = (what: string) => complaints.push(`event ${n}, ${JSON.stringify(event)}: ${what}`)
    if (n !== i) complain(`its number is not ${i}`)
    if (event.t < t) complain('time goes back')
    t = event.t
    if (event.e === 'resume') {
      const { co, because } = event
      if (running !== null) complain(`task ${running} is running`)
      running = co
      const reason = because === null ? undefined : events[because]
      if (because === null || because >= n || reason === undefined) complain('it has no reason')
      else if (!('co' in reason) || reason.co !== co) complain('its reason is about another task')
      else reasons.set(n, originOf(reason, steps))
      const origin = reasons.get(n)
      if (origin !== null && !(typeof origin === 'number' && origin < n && reasons.has(origin))) {
        complain('its reason leads nowhere')
      }
      steps.set(co, n)
    } else if ((event.e === 'yield' || event.e === 'return' || event.e === 'exit') && event.co === running) {
      running = null
    }
  }
  return complaints
}

/** The step that made an event happen; null if that was a root, time, or something outside. */
function originOf(reason: TraceEvent, steps: ReadonlyMap<number, number>): number | null | undefined {
  if (reason.e === 'spawn') return reason.by
  if (reason.e === 'wake') return reason.by.kind === 'task' ? reason.by.step : null
  return 'co' in reason && reason.co !== null ? steps.get(reason.co) : undefined
}
