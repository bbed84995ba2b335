import { all, type Coroutine, pause, sleep } from '@bluelet/scheduler'
import { everySchedule, randomSchedules, replaySchedule, VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { failure, rejection } from '../world.js'
import { errorOf, lostUpdate, overtaken } from './programs.js'

describe('the schedule in a ScheduleError', () => {
  it('is as short as possible', async () => {
    /** Fails if the reader, which is second, takes its second step before the writer takes one. */
    function* program(): Coroutine<void> {
      let done = false
      function* writer(): Coroutine<void> {
        yield* pause()
        done = true
      }
      function* reader(): Coroutine<void> {
        yield* pause()
        if (!done) throw failure()
      }
      yield* all([writer(), reader()])
    }

    // After the reader's first step it stays ahead of the writer, so one unusual choice is enough.
    expect((await errorOf(everySchedule(program))).schedule).toBe('1')
    expect((await errorOf(randomSchedules(program))).schedule).toBe('1')
  })

  it.each([1, 2, 3, 4, 5])('is as short even if a long schedule was found first: seed %i', async (seed) => {
    /** Fails when the last of ten tasks takes its first step first. */
    function* program(): Coroutine<void> {
      const order: number[] = []
      function* numbered(n: number): Coroutine<void> {
        for (let i = 0; i < 5; i++) {
          order.push(n)
          yield* pause()
        }
      }
      yield* all(Array.from({ length: 10 }, (_, n) => numbered(n)))
      if (order[0] === 9) throw failure('the last was first')
    }

    const error = await errorOf(randomSchedules(program, { seed: seed * 1000 }))

    expect(error.schedule).toBe('9')
  })

  it('repeats the same run exactly', async () => {
    const { schedule } = await errorOf(randomSchedules(lostUpdate))
    const orders: string[][] = []
    function* traced(world: VirtualHost): Coroutine<void> {
      const order: string[] = []
      orders.push(order)
      function* step(name: string): Coroutine<void> {
        for (let i = 0; i < 4; i++) {
          order.push(`${name}${i} at ${world.now()}`)
          yield* i % 2 === 0 ? sleep(1) : pause()
        }
      }
      yield* all([step('a'), step('b'), step('c')])
    }

    await replaySchedule(traced, schedule)
    await replaySchedule(traced, schedule)
    await replaySchedule(traced, '2.1.1.2')
    await replaySchedule(traced, '2.1.1.2')

    expect(orders[1]).toEqual(orders[0])
    expect(orders[3]).toEqual(orders[2])
    expect(orders[2]).not.toEqual(orders[0])
  })
})

describe('replaySchedule', () => {
  it('throws the error of the program', async () => {
    const { schedule } = await errorOf(everySchedule(overtaken))

    const error = await rejection(replaySchedule(overtaken, schedule))

    expect(error).toEqual(new Error('nothing is there yet'))
  })

  it('returns when the program passes under that schedule', async () => {
    await replaySchedule(overtaken, '')
  })

  it('continues first in, first out after the end of the schedule', async () => {
    const orders: string[] = []
    function* program(): Coroutine<void> {
      let order = ''
      function* named(name: string): Coroutine<void> {
        order += name
      }
      yield* all([named('a'), named('b'), named('c'), named('d')])
      orders.push(order)
    }

    for (const schedule of ['', '3', '0.2', '3.2.1']) await replaySchedule(program, schedule)

    expect(orders).toEqual(['abcd', 'dabc', 'adbc', 'dcba'])
  })

  it('uses the given world', async () => {
    const host = new VirtualHost()
    host.advance(100)
    let began = 0

    await replaySchedule(
      function* (world) {
        began = world.now()
      },
      '',
      { world: () => host },
    )

    expect(began).toBe(100)
  })

  it('rejects an invalid schedule', async () => {
    const error = await rejection(replaySchedule(overtaken, '1,2'))

    expect(error).toEqual(new TypeError('replaySchedule: expected a schedule such as \'0.2.1\', got "1,2"'))
  })
})
