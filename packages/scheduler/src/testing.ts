/**
 * For tests: a host in which time is virtual, and schedules: in what order tasks take their steps.
 *
 * @packageDocumentation
 */

export { type Schedule, seeded } from './host/schedule.js'
export {
  type EveryScheduleOptions,
  everySchedule,
  type FailureOptions,
  type Program,
  type RandomSchedulesOptions,
  type RecordedWorld,
  type ReplayOptions,
  randomSchedules,
  replaySchedule,
  ScheduleError,
  type World,
} from './testing/exploration.js'
export { VirtualHost, type VirtualHostOptions } from './testing/virtual-host.js'
