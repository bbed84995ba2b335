// A program whose trace is the same on every engine. `node golden.js` prints it, with the packages
// as they are built.
import {
  Channel,
  group,
  kill,
  pause,
  race,
  Scheduler,
  Semaphore,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { seeded, VirtualHost } from '@bluelet/scheduler/testing'
import { record, stringify } from '@bluelet/scheduler/trace'

/** The trace as text. */
export async function goldenTrace() {
  const scheduler = new Scheduler({ host: new VirtualHost({ schedule: seeded(7) }), sites: false })
  const recording = record(scheduler, { seed: 7, library: true })
  await scheduler.run(main)
  return stringify(recording.stop())
}

function* main() {
  const channel = new Channel({ capacity: 1 })
  const semaphore = new Semaphore(2)
  const task = yield* spawn(consumer, channel)
  yield* group(function* body(g) {
    for (let i = 0; i < 4; i++) yield* g.spawn(producer, i, channel, semaphore)
  })
  try {
    yield* timeout(5, sleep(10))
  } catch {}
  yield* race([sleep(3), Promise.resolve({ text: 'é€', bytes: Uint8Array.of(1, 65, 255) })])
  yield* kill(task)
  return [1.5, null, new Error('of a value')]
}

function* producer(i, channel, semaphore) {
  yield* semaphore.acquire()
  try {
    yield* sleep(i % 3)
    yield* channel.send({ i })
  } finally {
    semaphore.release()
  }
}

function* consumer(channel) {
  try {
    while (true) {
      const value = yield* channel.receive()
      yield doubled(value.i)
    }
  } finally {
    yield* pause()
  }
}

function* doubled(i) {
  yield* pause()
  return 2 * i
}

if (globalThis.process?.argv[1]?.endsWith('golden.js')) process.stdout.write(await goldenTrace())
