// Tasks that wait for each other: by channels, semaphores, latches, callbacks and promises.
import assert from 'node:assert/strict'
import {
  all,
  Channel,
  ClosedError,
  type Coroutine,
  callback,
  kill,
  Latch,
  pause,
  race,
  Semaphore,
  sleep,
  TimeoutError,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { ended, type KillHarness } from '../harness.js'
import type { Scenario } from '../plugin.js'

const closing = { follows: [ClosedError] }

export const stores: readonly Scenario[] = [
  { title: 'a lock', run: (harness) => sharing(harness, new Semaphore(1), 3) },
  { title: 'a semaphore of two permits', run: (harness) => sharing(harness, new Semaphore(2), 5) },
  { title: 'a lock that is waited for within a time', run: impatient },
  { title: 'a channel of two places', run: (harness) => sending(harness, 2) },
  { title: 'a channel of no places', run: (harness) => sending(harness, 0) },
  { title: 'a channel with several receivers', ...closing, run: receivers },
  { title: 'a race of two channels', ...closing, run: channelRace },
  { title: 'a pipeline', follows: [ClosedError, TimeoutError], run: pipeline },
  { title: 'a latch', run: latch },
  { title: 'callbacks', run: callbacks },
  { title: 'promises', run: promises },
]

/** That all its permits can be had again, and no more than these. */
function isFree(harness: KillHarness, semaphore: Semaphore, permits: number): void {
  harness.afterwards(function* () {
    assert.equal(semaphore.permits, permits)
    for (let i = 0; i < permits; i++) yield* semaphore.acquire()
    for (let i = 0; i < permits; i++) semaphore.release()
  })
}

function sharing(harness: KillHarness, semaphore: Semaphore, sharers: number): Coroutine {
  isFree(harness, semaphore, semaphore.permits)
  return main()

  function* main(): Coroutine<void> {
    for (let i = 0; i < sharers; i++) yield* harness.start(`sharer ${i}`, sharer())
  }

  function* sharer(): Coroutine<void> {
    for (let round = 0; round < 2; round++) {
      yield* semaphore.acquire()
      try {
        yield sleep(3)
      } finally {
        semaphore.release()
      }
    }
  }
}

function impatient(harness: KillHarness): Coroutine {
  const lock = new Semaphore(1)
  isFree(harness, lock, 1)
  return main()

  function* main(): Coroutine<void> {
    for (let i = 1; i <= 3; i++) yield* harness.start(`impatient ${i}`, holder(2 * i))
  }

  function* holder(ms: number): Coroutine<void> {
    for (let round = 0; round < 3; round++) {
      try {
        yield* timeout(ms, lock.acquire())
      } catch (error) {
        if (error instanceof TimeoutError) continue
        throw error
      }
      try {
        yield sleep(5)
      } finally {
        lock.release()
      }
    }
  }
}

/** Adds the check that no task waits at a channel: what is sent goes to the next receiver. */
function isDeserted(harness: KillHarness, channel: Channel<number>): void {
  harness.afterwards(function* () {
    const [, value] = yield* all([channel.send(-1), channel.receive()])
    assert.equal(value, -1)
  })
}

/** Everything that was sent is received, in order, up to the kill. */
function sending(harness: KillHarness, capacity: number): Coroutine {
  const channel = new Channel<number>({ capacity })
  const received: number[] = []
  harness.afterwards(function* () {
    while (channel.size > 0) received.push(yield* channel.receive())
    assert.deepEqual(received, [0, 1, 2, 3, 4, 5].slice(0, received.length))
  })
  isDeserted(harness, channel)
  return main()

  function* main(): Coroutine<void> {
    const tasks = [yield* harness.start('sender', send())]
    try {
      tasks.push(yield* harness.start('receiver', receive()))
      yield* race(tasks)
      yield sleep(20)
    } finally {
      yield* all(tasks.map((task) => kill(task)))
    }
  }

  function* send(): Coroutine<void> {
    for (let i = 0; i < 6; i++) yield* channel.send(i)
  }

  function* receive(): Coroutine<void> {
    while (received.length < 6) {
      received.push(yield* channel.receive())
      yield sleep(2)
    }
  }
}

/** A receiver that is killed loses no value: the others receive the rest. */
function receivers(harness: KillHarness): Coroutine {
  const channel = new Channel<number>()
  const received: number[] = []
  harness.afterwards(function* () {
    while (channel.size > 0) received.push(yield* channel.receive())
    assert.deepEqual(received, [...received.keys()])
  })
  return main()

  function* main(): Coroutine<void> {
    try {
      for (let i = 0; i < 3; i++) yield* harness.start(`receiver ${i}`, receive())
      for (let i = 0; i < 9; i++) {
        channel.trySend(i)
        yield sleep(i % 3)
      }
    } finally {
      channel.close()
    }
  }

  function* receive(): Coroutine<void> {
    try {
      while (true) {
        received.push(yield* channel.receive())
        yield pause()
      }
    } catch (error) {
      if (!(error instanceof ClosedError)) throw error
    }
  }
}

/** What the race does not take stays where it is. */
function channelRace(harness: KillHarness): Coroutine {
  const channels = [new Channel<number>(), new Channel<number>()] as const
  const received: number[] = []
  let sent = 0
  harness.afterwards(function* () {
    for (const channel of channels) while (channel.size > 0) received.push(yield* channel.receive())
    assert.deepEqual(received.sort(), [...Array(sent).keys()])
  })
  return main()

  function* main(): Coroutine<void> {
    const receiver = yield* harness.start('receiver', receive())
    try {
      for (; sent < 8; ) {
        channels[sent % 2]?.trySend(sent++)
        if (sent % 3 === 0) yield sleep(2)
      }
      yield* ended(receiver)
    } finally {
      for (const channel of channels) channel.close()
    }
  }

  function* receive(): Coroutine<void> {
    while (received.length < 8) received.push(yield* race([channels[0].receive(), channels[1].receive()]))
  }
}

function pipeline(harness: KillHarness): Coroutine {
  const ends = Array.from({ length: 4 }, () => new Channel<number>({ capacity: 1 }))
  return main()

  function* main(): Coroutine<void> {
    try {
      for (let i = 0; i < 3; i++) yield* harness.start(`harness ${i}`, pass(ends[i]!, ends[i + 1]!))
      for (let i = 0; i < 4; i++) {
        yield* timeout(100, ends[0]!.send(i))
        assert.equal(yield* timeout(100, ends[3]!.receive()), i + 3)
      }
    } finally {
      for (const end of ends) end.close()
    }
  }
}

function* pass(input: Channel<number>, output: Channel<number>): Coroutine<void> {
  try {
    while (true) yield* output.send((yield* input.receive()) + 1)
  } catch (error) {
    if (!(error instanceof ClosedError)) throw error
  } finally {
    input.close()
    output.close()
  }
}

function* latch(harness: KillHarness): Coroutine<void> {
  const door = new Latch()
  const waiting = function* (): Coroutine<void> {
    yield* door.wait()
    yield pause()
    yield* door.wait()
  }
  try {
    for (let i = 0; i < 4; i++) yield* harness.start(`waiting ${i}`, waiting())
    yield sleep(5)
  } finally {
    door.open()
  }
}

/** What was registered is deregistered, or has called back. */
function callbacks(harness: KillHarness): Coroutine {
  const { world } = harness
  let registered = 0
  harness.afterwards(function* () {
    assert.equal(registered, 0)
  })
  return main()

  function* main(): Coroutine<void> {
    for (let i = 0; i < 3; i++) yield* harness.start(`listener ${i}`, listen(i))
  }

  function* listen(ms: number): Coroutine<void> {
    for (let i = 0; i < 3; i++) {
      const value = yield* callback<number>((resume) => {
        registered++
        const alarm = world.at(world.now() + ms, () => {
          registered--
          resume(i)
        })
        return () => {
          registered--
          world.cancel(alarm)
        }
      })
      assert.equal(value, i)
    }
  }
}

function* promises(harness: KillHarness): Coroutine<void> {
  const { world } = harness
  const later = (ms: number) =>
    new Promise<number>((resolve) => world.at(world.now() + ms, () => resolve(ms)))
  for (let i = 0; i < 2; i++) {
    yield* harness.start(
      `waiting ${i}`,
      (function* () {
        assert.equal(yield* wait(later(i + 1)), i + 1)
        yield later(3)
        yield* race([wait(later(9)), sleep(2)])
      })(),
    )
  }
}
