// `read` beside other readers of the same stream, cancelled reads, and the listeners of `read`.
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { read, write } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { join, kill, pause, race, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { perform, play } from '../world.js'
import { filled, nodeTurns, reads, whole } from './streams.js'

const LISTENERS = ['data', 'readable', 'end', 'error', 'close', 'resume', 'pause', 'drain', 'finish']

function listenersOf(stream: NodeJS.EventEmitter): Record<string, number> {
  return Object.fromEntries(LISTENERS.map((event) => [event, stream.listenerCount(event)]))
}

describe('read(stream, n)', () => {
  it('loses no byte when it is killed, before or after bytes arrive', async () => {
    const stream = new PassThrough()

    const texts = await play(function* () {
      const reader = yield* spawn(reads(stream, 10))
      yield* nodeTurns()
      yield* kill(reader)
      stream.write('one')
      // A branch waits, also for what is here.
      const second = yield* spawn(perform, race([read(stream, 10)]))
      yield* pause()
      yield* kill(second)
      yield* nodeTurns()
      stream.end('two')
      return yield* reads(stream, 10, 10, 10)
    })

    expect(texts.join('')).toBe('onetwo')
  })

  it('loses no byte when it loses a race', async () => {
    const stream = whole('one')

    const texts = await play(function* () {
      const first = yield* race([pause(), read(stream, 2)])
      const second = yield* race([read(stream, 2), pause()])
      yield* nodeTurns()
      return [first, second, ...(yield* reads(stream, 2, 2, 2))]
    })

    expect(texts).toEqual([undefined, undefined, 'on', 'e', ''])
  })

  it('gives what the stream has read ahead without a turn', async () => {
    const stream = filled('one', 'two')

    const steps = await simulate(function* () {
      let steps = 0
      const counting = yield* spawn(function* () {
        while (true) {
          yield* pause()
          steps++
        }
      })
      yield* pause()
      const before = steps
      const texts = yield* reads(stream, 2, 2, 2)
      const during = steps - before
      yield* kill(counting)
      return [...texts, during]
    })

    expect(steps).toEqual(['on', 'et', 'wo', 0])
  })

  it('leaves what it was not asked for in the stream', async () => {
    const stream = filled('one', 'two')

    await play(reads(stream, 4))

    expect(stream.readableLength).toBe(2)
  })

  it('leaves what has been read ahead to the one that waits for "readable"', async () => {
    const stream = filled('one')
    const others: unknown[] = []
    stream.on('readable', () => others.push(stream.read()))

    await play(function* () {
      yield* race([read(stream, 2), nodeTurns()])
    })

    expect(`${others.filter((chunk) => chunk !== null)}`).toBe('one')
  })

  it('keeps only the memory of the bytes that it gives of what has been read ahead', async () => {
    const stream = new PassThrough({ highWaterMark: 100_000 })
    stream.write(Buffer.alloc(65_536, 'x'))

    const bytes = await play(function* () {
      return yield* read(stream, 10)
    })

    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(8192)
  })

  it('leaves the rest to pipe', async () => {
    const stream = whole('head', 'body')

    const rest = await play(function* () {
      yield* read(stream, 2)
      yield* nodeTurns()
      return (yield text(stream.pipe(new PassThrough()))) as string
    })

    expect(rest).toBe('adbody')
  })

  it('leaves the rest to for await, at the end of the stream too', async () => {
    const stream = whole('head')

    await play(reads(stream, 2))

    expect(await text(stream)).toBe('ad')
  })

  it('continues after another reader', async () => {
    const stream = filled('one')

    const texts = await play(function* () {
      const [first] = yield* reads(stream, 1)
      const others: Buffer[] = []
      const listener = (chunk: Buffer) => void others.push(chunk)
      stream.on('data', listener).resume()
      yield* nodeTurns()
      stream.off('data', listener).pause()
      stream.end('two')
      return [first, `${Buffer.concat(others)}`, ...(yield* reads(stream, 5, 5))]
    })

    expect(texts).toEqual(['o', 'ne', 'two', ''])
  })

  it('keeps the bytes when the stream flows without a listener', async () => {
    const stream = filled('one')

    const texts = await play(function* () {
      const first = yield* reads(stream, 1)
      stream.resume()
      yield* nodeTurns()
      stream.end('two')
      yield* nodeTurns()
      return [...first, `${yield* read(stream)}`]
    })

    expect(texts).toEqual(['o', 'netwo'])
  })

  it('adds four listeners at its first use, and none in 1,000 reads', async () => {
    const stream = new PassThrough()
    stream.setMaxListeners(4)
    const before = listenersOf(stream)

    const after = await play(function* () {
      for (let i = 0; i < 500; i++) {
        stream.write('12')
        yield* read(stream, 1)
        yield* read(stream, 1)
        yield* race([read(stream, 1), pause()])
        yield* write(stream, '34')
        yield* read(stream, 2)
      }
      return listenersOf(stream)
    })

    const added = LISTENERS.filter((event) => after[event] !== before[event])
    expect(added).toEqual(['end', 'error', 'close', 'resume'])
    for (const event of added) expect(after[event]! - before[event]!).toBe(1)
  })

  it('shares its listeners among all streams', async () => {
    const streams = [new PassThrough(), new PassThrough()]

    await play(function* () {
      for (const stream of streams) yield* race([read(stream, 1), pause()])
    })

    const [first, second] = streams.map((stream) =>
      ['error', 'close', 'end', 'resume'].map((event) => stream.listeners(event).at(-1)),
    )
    expect(first).toEqual(second)
  })

  it('lets a stream stop for good that, like standard input, stops reading when paused', async () => {
    let isReading = false
    const stream = new Readable({
      read() {
        isReading = true
      },
    })
    stream.on('pause', () =>
      process.nextTick(() => {
        isReading = false
      }),
    )

    const states = await play(function* () {
      const reader = yield* spawn(reads(stream, 2))
      yield* nodeTurns()
      const states: unknown[] = [isReading]
      stream.push('one')
      yield* join(reader)
      yield* nodeTurns()
      states.push(isReading)
      return [...states, ...(yield* reads(stream, 2))]
    })

    expect(states).toEqual([true, false, 'e'])
  })
})
