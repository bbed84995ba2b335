/**
 * For tests: a host in which time is virtual, and schedules: in what order tasks take their steps.
 *
 * @packageDocumentation
 */

export {
  type EveryScheduleOptions,
  everySchedule,
  type Program,
  type RandomSchedulesOptions,
  type ReplayOptions,
  randomSchedules,
  replaySchedule,
  ScheduleError,
  type World,
} from './exploration.js'
export { type Schedule, seeded } from './schedule.js'
export { VirtualHost, type VirtualHostOptions } from './virtual-host.js'
