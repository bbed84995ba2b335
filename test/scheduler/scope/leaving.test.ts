// Promise 4: branches that leave: what the clean-up of one gives away must not be lost in another
// one, and a race never meets itself.
import { all, Channel, callback, Latch, pause, race, run, Semaphore, sleep, spawn } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { virtually } from '../world.js'

describe('what the clean-up of a losing branch gives away', () => {
  it.each([
    [
      'before',
      (lease: ReturnType<typeof callback<void>>, s: Semaphore) => race([sleep(5), lease, s.acquire()]),
    ],
    [
      'after',
      (lease: ReturnType<typeof callback<void>>, s: Semaphore) => race([sleep(5), s.acquire(), lease]),
    ],
    [
      'beside',
      (lease: ReturnType<typeof callback<void>>, s: Semaphore) =>
        race([sleep(5), lease, all([s.acquire(), sleep(9)])]),
    ],
  ])('is not lost: a permit, %s the branch that waits for one', async (_title, combine) => {
    const semaphore = new Semaphore(1)

    await run(function* () {
      yield* semaphore.acquire()
      yield* combine(
        callback<void>(() => () => semaphore.release()),
        semaphore,
      )
    })

    expect(semaphore.permits).toBe(1)
  })

  it('is not lost: a value of a channel', async () => {
    const channel = new Channel<string>()

    await run(function* () {
      const leaving = callback<void>(() => () => void channel.trySend('bye'))
      yield* race([sleep(5), leaving, channel.receive()])
    })

    expect(channel.size).toBe(1)
  })

  it('goes to another task that waits', async () => {
    const channel = new Channel<string>()

    const received = await run(function* () {
      const leaving = callback<void>(() => () => void channel.trySend('bye'))
      const task = yield* spawn(function* () {
        yield* sleep(1)
        return yield* channel.receive()
      })
      yield* race([sleep(5), leaving, channel.receive()])
      return yield* task
    })

    expect(received).toBe('bye')
  })

  it('does not fail a branch that leaves: a close', async () => {
    const channel = new Channel<string>()

    const value = await run(function* () {
      const closing = callback<void>(() => () => channel.close())
      return yield* race([sleep(5), closing, channel.receive(), channel.send('x')])
    })

    expect(value).toBe(undefined)
  })

  it('does not fail a branch that leaves when its task is killed', async () => {
    const channel = new Channel<string>()

    const value = await run(function* () {
      const closing = callback<void>(() => () => channel.close())
      return yield* race([sleep(5), all([closing, channel.receive()])])
    })

    expect(value).toBe(undefined)
  })

  it('does not wake a latch twice', async () => {
    const latch = new Latch()

    await run(function* () {
      yield* race([sleep(5), callback<void>(() => () => latch.open()), latch.wait()])
    })

    expect(latch.opened).toBe(true)
  })
})

describe('a race', () => {
  it.each([[0], [1]])('never meets itself on a channel of capacity %i', async (capacity) => {
    const said = await virtually(function* () {
      const channel = new Channel<string>({ capacity })
      for (let i = 0; i < capacity; i++) channel.trySend('first')
      function* peer(name: string) {
        const got = yield* race([channel.send(name), channel.receive()])
        return got === undefined ? `${name} sent` : `${name} received ${got}`
      }
      return yield* all([peer('a'), peer('b')])
    })

    expect(said).toEqual(capacity === 0 ? ['a received b', 'b sent'] : ['a received first', 'b sent'])
  })

  it('never meets itself, whichever branch comes first', async () => {
    const values = await virtually(function* () {
      const channel = new Channel<string>({ capacity: 0 })
      const meets = race([channel.receive(), channel.send('self')])
      return [yield* race([meets, pause()]), channel.size]
    })

    expect(values).toEqual([undefined, 0])
  })

  it('never meets itself in a nested combination', async () => {
    const channel = new Channel<string>({ capacity: 0 })

    const value = await virtually(function* () {
      return yield* race([all([channel.send('self')]), race([channel.receive()]), sleep(5)])
    })

    expect(value).toBe(undefined)
  })

  it('meets another race of the same all', async () => {
    const values = await virtually(function* () {
      const channel = new Channel<string>({ capacity: 0 })
      const selects = [1, 2].map(() => race([channel.send('x'), channel.receive()]))
      return yield* all(selects)
    })

    expect(values).toEqual(['x', undefined])
  })
})

describe('an all', () => {
  it('meets itself: both branches are done', async () => {
    const values = await virtually(function* () {
      const channel = new Channel<string>({ capacity: 0 })
      return yield* all([channel.send('x'), channel.receive()])
    })

    expect(values).toEqual([undefined, 'x'])
  })
})

describe('Waiter.excludes', () => {
  it('is true for the branches of one race, and false for those of two races of one task', async () => {
    const waiters: Waiter[] = []
    const CAPTURE: EventHandler<undefined, void> = {
      name: 'capture',
      enter: (waiter) => void waiters.push(waiter),
    }

    await virtually(function* () {
      for (let i = 0; i < 2; i++) {
        yield race([event(CAPTURE, undefined), event(CAPTURE, undefined), sleep(1)])
      }
    })
    const [first, second, third] = waiters as [Waiter, Waiter, Waiter]

    expect([first.excludes?.(second), first.excludes?.(third)]).toEqual([true, false])
  })
})
