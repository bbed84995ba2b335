// What users can import. Adding or removing a name is a decision that this test makes visible.
import * as scheduler from '@bluelet/scheduler'
import * as lowlevel from '@bluelet/scheduler/lowlevel'
import * as testing from '@bluelet/scheduler/testing'
import * as trace from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { declaredIn } from '../support/declarations.js'

/** Every name that an entry declares, with its kind. */
function declared(entry: string): string[] {
  return declaredIn('scheduler', entry)
    .map(({ name, kind }) => `${kind} ${name}`)
    .sort()
}

describe('@bluelet/scheduler', () => {
  it('exports these values', () => {
    expect(Object.keys(scheduler).sort()).toMatchInlineSnapshot(`
      [
        "AbandonedError",
        "Cancelled",
        "Channel",
        "ClosedError",
        "DeadlockError",
        "KilledError",
        "Latch",
        "Scheduler",
        "Semaphore",
        "TimeoutError",
        "aborted",
        "all",
        "allSettled",
        "call",
        "callback",
        "end",
        "group",
        "join",
        "kill",
        "now",
        "null",
        "pause",
        "race",
        "run",
        "shield",
        "sleep",
        "spawn",
        "timeout",
        "wait",
      ]
    `)
  })

  it('declares these values and types', () => {
    expect(declared('index')).toMatchInlineSnapshot(`
      [
        "type AbortSignalLike",
        "type AllOptions",
        "type Budget",
        "type ChannelOptions",
        "type Coroutine",
        "type Event",
        "type Group",
        "type GroupOptions",
        "type KillOptions",
        "type LatchOptions",
        "type Outcome",
        "type Register",
        "type RunOptions",
        "type SchedulerOptions",
        "type SemaphoreOptions",
        "type Spawn",
        "type SpawnOptions",
        "type Task",
        "type TaskHandle",
        "type TaskSnapshot",
        "type TaskState",
        "type Yieldable",
        "type Yielded",
        "value AbandonedError",
        "value Cancelled",
        "value Channel",
        "value ClosedError",
        "value DeadlockError",
        "value KilledError",
        "value Latch",
        "value Scheduler",
        "value Semaphore",
        "value TimeoutError",
        "value aborted",
        "value all",
        "value allSettled",
        "value call",
        "value callback",
        "value end",
        "value group",
        "value join",
        "value kill",
        "value now",
        "value null",
        "value pause",
        "value race",
        "value run",
        "value shield",
        "value sleep",
        "value spawn",
        "value timeout",
        "value wait",
      ]
    `)
  })
})

describe('@bluelet/scheduler/lowlevel', () => {
  it('exports these values', () => {
    expect(Object.keys(lowlevel).sort()).toMatchInlineSnapshot(`
      [
        "LATER",
        "TaskScope",
        "abortedWithin",
        "addTrace",
        "awaitedBy",
        "coroutinesOf",
        "defaultHost",
        "dispose",
        "endWith",
        "event",
        "everyWait",
        "hastenCall",
        "inspectTask",
        "ofLibrary",
        "onAbort",
        "onRun",
        "registerCoroutine",
        "registerOwnFiles",
        "runningScheduler",
        "runtimeOf",
        "spawnUnder",
        "targetsOf",
        "tasksOf",
        "withdrawCall",
      ]
    `)
  })

  it('declares these values and types', () => {
    expect(declared('lowlevel')).toMatchInlineSnapshot(`
      [
        "type Awaited",
        "type CoroutineInfo",
        "type EventHandler",
        "type Host",
        "type HostedScheduler",
        "type HostedTask",
        "type InnerWaits",
        "type Probe",
        "type Resource",
        "type ResumeCause",
        "type Runtime",
        "type Schedule",
        "type ScopeOwner",
        "type StepContext",
        "type Supervisor",
        "type TaskHandle",
        "type Timer",
        "type Timers",
        "type TurnEndListener",
        "type Waiter",
        "type WakeCause",
        "value LATER",
        "value TaskScope",
        "value abortedWithin",
        "value addTrace",
        "value awaitedBy",
        "value coroutinesOf",
        "value defaultHost",
        "value dispose",
        "value endWith",
        "value event",
        "value everyWait",
        "value hastenCall",
        "value inspectTask",
        "value ofLibrary",
        "value onAbort",
        "value onRun",
        "value registerCoroutine",
        "value registerOwnFiles",
        "value runningScheduler",
        "value runtimeOf",
        "value spawnUnder",
        "value targetsOf",
        "value tasksOf",
        "value withdrawCall",
      ]
    `)
  })
})

describe('@bluelet/scheduler/testing', () => {
  it('exports these values', () => {
    expect(Object.keys(testing).sort()).toMatchInlineSnapshot(`
      [
        "ScheduleError",
        "VirtualHost",
        "everySchedule",
        "randomSchedules",
        "replaySchedule",
        "seeded",
      ]
    `)
  })

  it('declares these values and types', () => {
    expect(declared('testing')).toMatchInlineSnapshot(`
      [
        "type EveryScheduleOptions",
        "type FailureOptions",
        "type Program",
        "type RandomSchedulesOptions",
        "type RecordedWorld",
        "type ReplayOptions",
        "type Schedule",
        "type VirtualHostOptions",
        "type World",
        "value ScheduleError",
        "value VirtualHost",
        "value everySchedule",
        "value randomSchedules",
        "value replaySchedule",
        "value seeded",
      ]
    `)
  })
})

describe('@bluelet/scheduler/trace', () => {
  it('exports these values', () => {
    expect(Object.keys(trace).sort()).toMatchInlineSnapshot(`
      [
        "SCHEMA",
        "TraceReader",
        "compare",
        "devtools",
        "effects",
        "lint",
        "parse",
        "record",
        "saveTrace",
        "stateAt",
        "steps",
        "stringify",
        "toChrome",
        "toHTML",
        "toMermaid",
        "toOTLP",
        "toSVG",
        "toText",
        "why",
        "whyChain",
      ]
    `)
  })

  it('declares these values and types', () => {
    expect(declared('trace')).toMatchInlineSnapshot(`
      [
        "type CallEvent",
        "type CancelEvent",
        "type CancelPicture",
        "type CauseKind",
        "type Difference",
        "type DumpReason",
        "type ExitEvent",
        "type ExternalCause",
        "type Finding",
        "type FramePicture",
        "type InputEvent",
        "type IoCause",
        "type IoEvent",
        "type LintOptions",
        "type LogEvent",
        "type MermaidOptions",
        "type NetworkLog",
        "type OTLPOptions",
        "type PacketEvent",
        "type PacketPicture",
        "type ParkEvent",
        "type Picture",
        "type RecordOptions",
        "type RecordedNetwork",
        "type Recording",
        "type ResourceEvent",
        "type ResourcePicture",
        "type ResumeEvent",
        "type ReturnEvent",
        "type Rule",
        "type SVGOptions",
        "type Side",
        "type SpawnEvent",
        "type Step",
        "type TaskCause",
        "type TaskPicture",
        "type TimerCause",
        "type TimerPicture",
        "type Trace",
        "type TraceCause",
        "type TraceEvent",
        "type TraceEventBase",
        "type TraceHeader",
        "type TraceInput",
        "type WaitsOn",
        "type WakeEvent",
        "type WarnEvent",
        "type Why",
        "type YieldEvent",
        "type YieldSite",
        "value SCHEMA",
        "value TraceReader",
        "value compare",
        "value devtools",
        "value effects",
        "value lint",
        "value parse",
        "value record",
        "value saveTrace",
        "value stateAt",
        "value steps",
        "value stringify",
        "value toChrome",
        "value toHTML",
        "value toMermaid",
        "value toOTLP",
        "value toSVG",
        "value toText",
        "value why",
        "value whyChain",
      ]
    `)
  })
})
