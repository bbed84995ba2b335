import { CLOSED, FAILED, READABLE, WRITABLE } from '@bluelet/net/driver'
import { describe, expect, it } from 'vitest'
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
} from '../../../../packages/net/src/drivers/epoll/set.js'
import { EpollSocket } from '../../../../packages/net/src/drivers/epoll/socket.js'
import { EAGAIN, FalseNative } from './fake-native.js'

const ECONNRESET = -104
const FULL = 'f'.repeat(65_536)

/** A connected socket, its reports, and a way to make it ready. */
function connectedSocket(...received: (number | string)[]) {
  const native = new FalseNative()
  native.answers.recv.push(...received)
  const socket = new EpollSocket(native.set, 7, '127.0.0.1 4915')
  const told: number[] = []
  socket.observer = { ready: (what) => void told.push(what) }
  const [place] = native.watched as [(typeof native.watched)[0]]
  const fire = (events: number) => native.fire({ ...place, events })
  return { native, socket, told, fire }
}

/** Reads until a read would block; gives the texts. */
function readAll(socket: EpollSocket): string[] {
  const texts: string[] = []
  for (let bytes = socket.read(100_000); bytes !== null; bytes = socket.read(100_000)) {
    texts.push(bytes.toString())
    if (bytes.length === 0) break
  }
  return texts
}

describe('reading', () => {
  it('does not receive again when there was room for more', () => {
    const { native, socket, fire } = connectedSocket('abc', 'not asked for')

    fire(EPOLLIN)

    expect(readAll(socket)).toEqual(['abc'])
    expect(native.answers.recv).toEqual(['not asked for'])
  })

  it.each([
    ['the end', EPOLLRDHUP, 0, ''],
    ['a hang-up', EPOLLHUP, 0, ''],
  ])('receives again when %s follows the bytes, and reports it once', (_name, event, answer, last) => {
    const { socket, fire } = connectedSocket('abc', 'def', answer)

    fire(EPOLLIN | event)

    expect(readAll(socket)).toEqual(['abc', 'def', last])
  })

  it('receives again after urgent data, since every receive stops there', () => {
    const { socket, fire } = connectedSocket('abc', 'def')

    fire(EPOLLIN | EPOLLPRI)

    expect(readAll(socket)).toEqual(['abc', 'def'])
  })

  it('gives the bytes before an error, and then the same error each time', () => {
    const { socket, fire } = connectedSocket('abc', ECONNRESET, 0)

    fire(EPOLLIN | EPOLLERR | EPOLLHUP)

    expect(socket.read(10)?.toString()).toBe('abc')
    for (let i = 0; i < 3; i++) expect(() => socket.read(10)).toThrow(/ECONNRESET/)
    expect(() => socket.write(Buffer.from('x'))).toThrow(/ECONNRESET/)
  })

  it('does not treat the end after an error that a write threw as the end of the stream', () => {
    const { native, socket, fire } = connectedSocket('abc', 0)
    native.answers.send.push(ECONNRESET)
    fire(EPOLLIN | EPOLLERR | EPOLLHUP)

    expect(() => socket.write(Buffer.from('x'))).toThrow(/ECONNRESET/)
    expect(socket.read(10)?.toString()).toBe('abc')
    expect(() => socket.read(10)).toThrow(/ECONNRESET/)
  })

  it('gives the end at every later read', () => {
    const { socket, fire } = connectedSocket(0)
    fire(EPOLLIN | EPOLLRDHUP)

    expect([1, 2, 3].map(() => socket.read(10)?.length)).toEqual([0, 0, 0])
  })
})

describe('writing', () => {
  it('reports WRITABLE only after a try found no room', () => {
    const { native, socket, told, fire } = connectedSocket()
    native.answers.send.push(1, EAGAIN, 1)

    fire(EPOLLOUT)
    const sent = [socket.write(Buffer.from('a')), socket.write(Buffer.from('b'))]
    fire(EPOLLOUT)
    fire(EPOLLOUT)

    expect(sent).toEqual([1, 0])
    expect(told).toEqual([WRITABLE])
    expect(socket.write(Buffer.from('b'))).toBe(1)
  })
})

describe('acknowledgements', () => {
  it('are asked of the system, as long as there is a descriptor and the system knows', () => {
    const { native, socket } = connectedSocket()
    native.answers.unacknowledged.push(5, -22)

    const counts = [socket.unacknowledged, socket.unacknowledged]
    socket.reset()
    counts.push(socket.unacknowledged)

    expect(counts).toEqual([5, 0, 0])
  })
})

describe('connecting', () => {
  it('reports nothing more for a socket that its observer closed', async () => {
    const native = new FalseNative()
    const socket = new EpollSocket(native.set, 7, null)
    const told: number[] = []
    socket.observer = {
      ready(what) {
        told.push(what)
        socket.close(false)
      },
    }
    const [place] = native.watched as [(typeof native.watched)[0]]

    native.fire({ ...place, events: EPOLLIN | EPOLLOUT })
    await Promise.resolve()

    expect(told).toEqual([READABLE, CLOSED])
  })

  it('reports a socket that cannot be watched, and closes it', async () => {
    const native = new FalseNative()
    native.answers.watch.push(-28)
    const socket = new EpollSocket(native.set, 7, null)
    const told: number[] = []
    socket.observer = { ready: (what) => void told.push(what) }

    await Promise.resolve()

    expect(told).toEqual([READABLE | WRITABLE | FAILED, CLOSED])
    expect(native.calls).toEqual(['close 7'])
    expect(() => socket.read(1)).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
  })
})

describe('lingering', () => {
  it('discards one portion a turn, however many events arrive meanwhile', async () => {
    const { native, socket, fire } = connectedSocket(...new Array<string>(1000).fill(FULL))
    socket.close(true)

    for (let i = 0; i < 5; i++) fire(EPOLLIN)
    const first = 1000 - native.answers.recv.length
    await new Promise((resolve) => setImmediate(resolve))
    const second = 1000 - native.answers.recv.length
    socket.reset()

    expect([first, second]).toEqual([65, 129])
  })

  it('does not starve other sockets while a peer sends without end', async () => {
    const { native, socket, fire } = connectedSocket(...Array<string>(1000).fill(FULL), 0)
    fire(EPOLLIN)

    socket.close(true)
    const left = native.answers.recv.length
    for (let i = 0; i < 20; i++) await new Promise(setImmediate)

    expect(left).toBeGreaterThan(900)
    expect(native.calls).toEqual(['shutdown 7', 'close 7'])
  })

  it('ends once when the peer resets', async () => {
    const { native, socket, told, fire } = connectedSocket('abc', ECONNRESET)

    socket.close(true)
    fire(EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)
    fire(EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)
    await Promise.resolve()

    expect(told).toEqual([CLOSED])
    expect(native.calls).toEqual(['shutdown 7', 'close 7'])
  })

  it('continues over input in pieces, up to the end', async () => {
    const { native, socket, told, fire } = connectedSocket('abc', EAGAIN, 'def', 0)

    socket.close(true)
    fire(EPOLLIN)
    fire(EPOLLIN)
    const before = native.calls.length
    fire(EPOLLIN | EPOLLRDHUP)
    await Promise.resolve()

    expect(before).toBe(1)
    expect(told).toEqual([CLOSED])
  })
})
