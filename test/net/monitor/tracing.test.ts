import { pause, Scheduler, sleep } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { parse } from '@bluelet/scheduler/trace'
import { afterEach, expect, it } from 'vitest'
import { Tracing } from '../../../packages/net/src/monitor/tracing.js'
import { Watches } from '../../../packages/net/src/monitor/watches.js'

const watches = new Watches()
const tracing = new Tracing(watches)

afterEach(() => {
  tracing.close()
  watches.close()
})

/** A scheduler that is stepped by hand, and has a task. */
function watchedScheduler(pauses = 0): Scheduler {
  const scheduler = new Scheduler({ host: new VirtualHost({ manual: true }), sites: false })
  watches.add(scheduler)
  scheduler.spawn(function* pauser() {
    for (let i = 0; i < pauses; i++) yield pause()
    yield* sleep(1000)
  })
  return scheduler
}

/** The parts of an answer, and the whole of it. */
function traced(argument: string) {
  const parts: string[] = []
  const text = new Promise<string>((resolve) => {
    tracing.start(argument, (part, more) => {
      parts.push(part)
      if (!more) resolve(parts.join(''))
    })
  })
  return { parts, text }
}

it('records for some time, without values, and gives the recording in parts', async () => {
  const scheduler = watchedScheduler(1000)

  const { parts, text } = traced('5s')
  while (scheduler.step()) {}
  tracing.close()
  const { header, events } = parse(await text)

  expect(parts.length).toBe(1 + Math.ceil(events.length / 500))
  expect(events.length).toBeGreaterThan(2000)
  expect(header.begin).toHaveLength(1)
  expect(events.some((event) => 'value' in event)).toBe(false)
})

it('ends by itself', async () => {
  watchedScheduler()

  const { events } = parse(await traced('1ms').text)

  expect(events).toEqual([])
})

it('records the scheduler that is chosen, for four clients at a time', async () => {
  watchedScheduler()
  const second = watchedScheduler(3)
  const numbers = [...watches].map(({ number }) => number)

  const { text } = traced(`1s ${numbers[1]}`)
  for (let i = 0; i < 3; i++) traced('1s')
  expect(await traced('1s').text).toBe('trace: 4 recordings are under way; try again when one has ended\n')
  while (second.step()) {}
  tracing.close()

  expect(parse(await text).events.length).toBeGreaterThan(3)
})

it('names what is wrong with a time or a scheduler', async () => {
  const expected = 'trace: expected a time of at most 600 s: trace 5s, or trace 500ms\n'
  for (const argument of ['', '5', '0s', '601s', '5 s', 'abc'])
    expect(await traced(argument).text).toBe(expected)
  expect(await traced('1s').text).toBe('trace: there is no scheduler with tasks\n')
  expect(await traced('1s 99').text).toBe('trace: there is no scheduler 99 with tasks\n')
})
