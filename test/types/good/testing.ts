// The worlds of tests: a program gets what `world` returns.
import { connect } from '@bluelet/net'
import { Simulation, simulate } from '@bluelet/net/testing'
import { type Coroutine, run, sleep } from '@bluelet/scheduler'
import {
  everySchedule,
  randomSchedules,
  replaySchedule,
  type Schedule,
  seeded,
  VirtualHost,
} from '@bluelet/scheduler/testing'

const world = (schedule: Schedule) => new Simulation({ schedule, latency: [0, 3] })

export const count: Promise<number> = everySchedule(
  function* (world) {
    world.network.links[0]?.reset()
    yield* connect('localhost', 80)
  },
  { world, limit: 10 },
)

export const random: Promise<number> = randomSchedules(
  function* (host) {
    host.advance(1)
    yield* sleep(1)
  },
  { runs: 10, seed: 1 },
)

export const again: Promise<void> = replaySchedule(function* () {
  yield* sleep(1)
}, '0.1')

export const value: Promise<string> = simulate(
  function* (world) {
    yield* sleep(world.now())
    return 'done'
  },
  { seed: 1, fault: ({ kind, number }) => (kind === 'read' && number === 3 ? 'ECONNRESET' : undefined) },
)

function* main(): Coroutine<number> {
  yield* sleep(1)
  return 1
}
export const number: Promise<number> = run(main, { host: new Simulation() })
export const virtual: Promise<number> = run(main, { host: new VirtualHost({ schedule: seeded(1) }) })
