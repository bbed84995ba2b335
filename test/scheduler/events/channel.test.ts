import {
  all,
  Channel,
  ClosedError,
  type Coroutine,
  join,
  kill,
  pause,
  race,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collectGarbage } from '../../support/garbage.js'
import { eventSuite } from '../event-suite.js'
import { rejection, virtually, world } from '../world.js'

eventSuite('send', {
  *fulfilled() {
    return new Channel<number>().send(1)
  },
  value: undefined,
  awaited: () => new Channel<number>().send(1),
  *waiting() {
    return new Channel<number>({ capacity: 0 }).send(1)
  },
})

eventSuite('receive', {
  *fulfilled() {
    return channelOf(...new Array<number>(10).fill(42)).receive()
  },
  value: 42,
  awaited: () => channelOf(42, 42, 42).receive(),
  *waiting() {
    return new Channel<number>().receive()
  },
})

eventSuite('receive of an external channel', {
  *fulfilled() {
    return channelOf(...new Array<number>(10).fill(42)).receive()
  },
  value: 42,
  awaited() {
    const channel = new Channel<number>({ external: true })
    const send = () => void channel.trySend(42)
    setImmediate(() => setImmediate(send))
    setImmediate(() => setImmediate(send))
    return channel.receive()
  },
  *waiting() {
    return new Channel<number>({ external: true }).receive()
  },
})

function channelOf<T>(...values: readonly T[]): Channel<T> {
  const channel = new Channel<T>()
  for (const value of values) channel.trySend(value)
  return channel
}

function* receiveInto<T>(channel: Channel<T>, received: T[]): Coroutine<void> {
  while (true) {
    try {
      received.push(yield* channel.receive())
    } catch (error) {
      if (error instanceof ClosedError) return
      throw error
    }
  }
}

function* sendAll<T>(channel: Channel<T>, values: readonly T[]): Coroutine<void> {
  for (const value of values) yield* channel.send(value)
}

describe('Channel', () => {
  it('gives values in the order in which they were sent', async () => {
    const received = await virtually(function* () {
      const channel = new Channel<number>()
      yield spawn(sendAll, channel, [1, 2, 3])
      return [yield* channel.receive(), yield* channel.receive(), yield* channel.receive()]
    })

    expect(received).toEqual([1, 2, 3])
  })

  it('gives undefined, null and errors as values', async () => {
    const values = [undefined, null, new Error('a value')]

    const received = await virtually(function* () {
      const channel = channelOf<unknown>(...values)
      return [yield* channel.receive(), yield* channel.receive(), yield* channel.receive()]
    })

    expect(received).toEqual(values)
  })

  it('gives each receiver one value, first come, first served', async () => {
    const received = await virtually(function* () {
      const channel = new Channel<string>()
      const first = yield* spawn(receiveOne, channel)
      const second = yield* spawn(receiveOne, channel)
      yield pause()
      yield channel.send('one')
      yield channel.send('two')
      return [yield* join(first), yield* join(second)]
    })

    expect(received).toEqual(['one', 'two'])
  })

  it('lets a sender continue only while it has room', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const channel = new Channel<number>({ capacity: 2 })
      yield spawn(function* () {
        for (let value = 1; value <= 4; value++) {
          yield channel.send(value)
          note(`sent ${value}`)
        }
      })
      yield sleep(10)
      yield channel.receive()
      yield sleep(10)
      yield channel.receive()
    })

    expect(log).toEqual(['0: sent 1', '0: sent 2', '10: sent 3', '20: sent 4'])
  })

  it('of capacity 0 makes every sender wait for its receiver', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const channel = new Channel<number>({ capacity: 0 })
      yield spawn(function* () {
        yield channel.send(1)
        note('sent')
      })
      yield sleep(10)
      note(`received ${yield* channel.receive()}`)
    })

    // It is not specified which of the two goes on first.
    expect(log.sort()).toEqual(['10: received 1', '10: sent'])
  })

  it('keeps the order of waiting senders', async () => {
    const received = await virtually(function* () {
      const channel = new Channel<number>({ capacity: 1 })
      for (const value of [1, 2, 3, 4]) yield spawn(sendAll, channel, [value])
      yield pause()
      return yield* all([channel.receive(), channel.receive(), channel.receive(), channel.receive()])
    })

    expect(received).toEqual([1, 2, 3, 4])
  })

  it('loses no value when a receiver is killed before one arrives', async () => {
    const received = await virtually(function* () {
      const channel = new Channel<number>()
      const victim = yield* spawn(receiveOne, channel)
      yield pause()
      yield kill(victim)
      yield channel.send(1)
      return yield* channel.receive()
    })

    expect(received).toBe(1)
  })

  it('gives a receiver its value although the receiver is killed before its next step', async () => {
    const received: number[] = []

    await virtually(function* () {
      const channel = new Channel<number>()
      const victim = yield* spawn(receiveInto, channel, received)
      yield pause()
      channel.trySend(1)
      yield kill(victim)
    })

    expect(received).toEqual([1])
  })

  it('does not send the value of a sender that is killed while it waits', async () => {
    const received = await virtually(function* () {
      const channel = new Channel<string>({ capacity: 0 })
      const victim = yield* spawn(sendAll, channel, ['of the victim'])
      yield pause()
      yield kill(victim)
      yield spawn(sendAll, channel, ['of another'])
      return yield* channel.receive()
    })

    expect(received).toBe('of another')
  })

  it('loses no value to the losing branch of a race', async () => {
    const [first, left] = await virtually(function* () {
      const a = channelOf('a')
      const b = channelOf('b')
      const first = yield* race([a.receive(), b.receive()])
      return [first, b.size] as const
    })

    expect([first, left]).toEqual(['a', 1])
  })

  it('loses no value to a receive whose timeout expires at the same moment', async () => {
    const total = await virtually(function* () {
      const channel = new Channel<number>()
      yield spawn(function* () {
        yield sleep(10)
        yield channel.send(1)
      })
      let received = 0
      try {
        received += yield* timeout(10, channel.receive())
      } catch {}
      yield pause()
      return received + channel.size
    })

    expect(total).toBe(1)
  })

  it('returns the number of values it holds, without those of waiting senders', async () => {
    const size = await virtually(function* () {
      const channel = new Channel<number>({ capacity: 2 })
      const sender = yield* spawn(sendAll, channel, [1, 2, 3])
      yield pause()
      yield pause()
      yield pause()
      const { size } = channel
      yield kill(sender)
      return size
    })

    expect(size).toBe(2)
  })

  it('frees the memory of a burst after the values have been received', async () => {
    // 2 ** 18 places, of 4 or 8 bytes each.
    const channel = new Channel<number>()
    for (let n = 0; n < 2 ** 18; n++) channel.trySend(n)

    const freed = await virtually(function* () {
      while (channel.size > 1) yield channel.receive()
      yield collectGarbage()
      const before = process.memoryUsage().heapUsed
      yield channel.receive()
      yield collectGarbage()
      return before - process.memoryUsage().heapUsed
    })

    expect(freed).toBeGreaterThan(2 ** 19)
  })

  it.each([-1, 1.5, Number.NaN, '2', null])('rejects a capacity of %s', (capacity) => {
    expect(() => new Channel({ capacity: capacity as number })).toThrow(
      new RangeError(
        `new Channel({ capacity }): expected an integer >= 0 or Infinity, got ${typeof capacity === 'string' ? `"${capacity}"` : capacity}`,
      ),
    )
  })

  it('delivers every value once, in the order of each sender, for any capacity and any kills', async () => {
    const plan = fc.record({
      capacity: fc.nat(4),
      senders: fc.array(fc.nat(6), { minLength: 1, maxLength: 5 }),
      receivers: fc.integer({ min: 1, max: 4 }),
      killAfter: fc.nat(6),
    })

    await fc.assert(
      fc.asyncProperty(plan, async ({ capacity, senders, receivers, killAfter }) => {
        const received: (readonly [number, number])[] = []
        const channel = new Channel<readonly [number, number]>({ capacity })
        await virtually(function* () {
          const sending = []
          for (const [sender, count] of senders.entries()) {
            const values = Array.from({ length: count }, (_, i) => [sender, i] as const)
            sending.push(yield* spawn(sendAll, channel, values))
          }
          const victim = yield* spawn(receiveInto, channel, received)
          for (let i = 0; i < receivers; i++) yield spawn(receiveInto, channel, received)
          for (let i = 0; i < killAfter; i++) yield pause()
          yield kill(victim)
          yield all(sending)
          channel.close()
        })

        for (const [sender, count] of senders.entries()) {
          const ofSender = received.filter(([from]) => from === sender).map(([, i]) => i)
          expect(ofSender).toEqual(Array.from({ length: count }, (_, i) => i))
        }
      }),
      { numRuns: 100 },
    )
  })
})

describe('close', () => {
  it('throws ClosedError in every waiting receiver', async () => {
    const error = await rejection(
      virtually(function* () {
        const channel = new Channel()
        const task = yield* spawn(receiveOne, channel)
        yield pause()
        channel.close()
        yield join(task)
      }),
    )

    expect(error).toEqual(new ClosedError('receive(): the channel has been closed'))
  })

  it('throws ClosedError in every waiting sender', async () => {
    const error = await rejection(
      virtually(function* () {
        const channel = new Channel<number>({ capacity: 0 })
        const task = yield* spawn(sendAll, channel, [1])
        yield pause()
        channel.close()
        yield join(task)
      }),
    )

    expect(error).toEqual(new ClosedError('send(value): the channel has been closed'))
  })

  it('keeps the values that the channel holds for later receivers', async () => {
    const received: number[] = []

    await virtually(function* () {
      const channel = channelOf(1, 2)
      channel.close()
      yield* receiveInto(channel, received)
    })

    expect(received).toEqual([1, 2])
  })

  it.each(['send', 'receive', 'trySend'] as const)(
    'makes a later %s throw ClosedError',
    async (operation) => {
      const channel = new Channel<number>()
      channel.close()

      const error = await rejection(
        virtually(function* () {
          if (operation === 'send') yield channel.send(1)
          if (operation === 'receive') yield channel.receive()
          channel.trySend(1)
        }),
      )

      const name = operation === 'receive' ? 'receive' : 'send'
      expect(error).toEqual(new ClosedError(`${name}: the channel is closed`))
    },
  )

  it('does nothing the second time', () => {
    const channel = channelOf(1)

    channel.close()
    channel.close()

    expect([channel.closed, channel.size]).toEqual([true, 1])
  })

  it('may be called by a task that it wakes', async () => {
    const channel = new Channel<number>()

    await virtually(function* () {
      yield spawn(function* () {
        try {
          yield channel.receive()
        } catch {
          channel.close()
        }
      })
      yield pause()
      channel.close()
    })

    expect(channel.closed).toBe(true)
  })
})

describe('trySend', () => {
  it('returns whether there was room', () => {
    const channel = new Channel<number>({ capacity: 1 })

    const sent = [channel.trySend(1), channel.trySend(2)]

    expect(sent).toEqual([true, false])
  })

  it('hands a value to a waiting receiver of a channel of capacity 0', async () => {
    const [sent, received] = await virtually(function* () {
      const channel = new Channel<number>({ capacity: 0 })
      const task = yield* spawn(receiveOne, channel)
      yield pause()
      const sent = [channel.trySend(1), channel.trySend(2)]
      return [sent, yield* join(task)] as const
    })

    expect(sent).toEqual([true, false])
    expect(received).toBe(1)
  })

  it('does not overtake a waiting sender', async () => {
    const received = await virtually(function* () {
      const channel = new Channel<number>({ capacity: 1 })
      yield spawn(sendAll, channel, [1, 2])
      yield pause()
      yield pause()
      const sent = channel.trySend(3)
      return [sent, yield* channel.receive(), yield* channel.receive()]
    })

    expect(received).toEqual([false, 1, 2])
  })
})

function* receiveOne<T>(channel: Channel<T>): Coroutine<T> {
  return yield* channel.receive()
}
