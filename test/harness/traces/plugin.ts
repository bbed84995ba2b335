// Runs a random program and records it, then compares what the trace says of each moment with what
// the scheduler said at that moment.

import { Scheduler, type TaskSnapshot } from '@bluelet/scheduler'
import { type Schedule, VirtualHost } from '@bluelet/scheduler/testing'
import { effects, type Picture, record, stateAt, steps, type Trace, whyChain } from '@bluelet/scheduler/trace'
import { internals } from '../../support/internals.js'
import { ModelHarness } from '../model/harness.js'
import type { Program } from '../model/programs.js'
import { Recorder } from '../model/recorder.js'

/** How long a killed task may clean up. */
const GRACE_MS = 3
/** No program takes so many steps. */
const MAX_STEPS = 10_000

/** What the scheduler said between two steps. */
interface Moment {
  /** The number of the last event. */
  readonly n: number
  readonly snapshot: readonly TaskSnapshot[]
}

/** What came of a program. */
export interface Run {
  readonly complaints: readonly string[]
  /** The number of moments that were compared. */
  readonly moments: number
  readonly steps: number
}

/** Runs a program. Tasks that wait for each other when nothing else goes on are killed. */
export function runRecorded(program: Program, schedule: Schedule): Run {
  const host = new VirtualHost({ manual: true, schedule })
  const scheduler = new Scheduler({ host, sites: false })
  internals(scheduler).grace = GRACE_MS
  const recording = record(scheduler, { library: true, limit: 100_000, values: false })
  const harness = new ModelHarness(scheduler, new Recorder(scheduler))
  for (const actions of program) harness.enter(actions)

  const moments: Moment[] = []
  for (let taken = 0, idle = false; taken < MAX_STEPS; taken++) {
    moments.push({ n: recording.size - 1, snapshot: scheduler.snapshot() })
    if (scheduler.step()) {
      idle = false
      continue
    }
    const { timers, tasks } = internals(scheduler)
    if (timers.size > 0) host.advance(timers.earliest - host.now())
    else if (idle || [...tasks].length === 0) break
    else {
      idle = true
      for (const task of [...tasks]) internals(scheduler).cancel(task)
    }
  }
  const trace = recording.stop()
  return {
    complaints: [...moments.flatMap((moment) => differences(trace, moment)), ...unexplained(trace)],
    moments: moments.length,
    steps: steps(trace).length,
  }
}

/** What the trace says of a moment and the scheduler did not. */
function differences(trace: Trace, { n, snapshot }: Moment): string[] {
  const said = seen(stateAt(trace, n))
  const was = snapshot.map(
    ({ id, name, state, waitsFor = '', callees }) => `${name}#${id} ${state} ${waitsFor} ${callees}`,
  )
  if (said.join('\n') === was.join('\n')) return []
  const at = was.findIndex((line, i) => line !== said[i])
  return [`after event ${n}: the trace says ${said[at]}, the scheduler said ${was[at]}`]
}

function seen({ tasks }: Picture): string[] {
  return tasks.map(({ id, name, state, waitsFor, frames }) => {
    const waits = state === 'parked' || state === 'withdrawing' ? waitsFor : ''
    return `${name}#${id} ${state} ${waits} ${frames.length - 1}`
  })
}

/** Steps whose reasons do not lead to a root, to a time, or outside. */
function unexplained(trace: Trace): string[] {
  return steps(trace).flatMap(({ n }) => {
    const chain = whyChain(trace, n)
    const last = chain.at(-1)
    const ends = last?.kind === 'root' || last?.kind === 'timer' || last?.kind === 'external'
    const back = chain.every(({ step, n }) => step === null || (step < n && effects(trace, step).includes(n)))
    return ends && back ? [] : [`step at event ${n}: ${chain.map(({ text }) => text).join(' / ')}`]
  })
}
