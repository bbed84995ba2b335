// Sockets for datagrams of the `epoll` driver over a fake native part: what Linux does not do on
// demand.
import { Address } from '@bluelet/net'
import { describe, expect, it } from 'vitest'
import { DatagramBatch } from '../../../../packages/net/src/drivers/epoll/datagram-batch.js'
import { openDatagrams } from '../../../../packages/net/src/drivers/epoll/datagrams.js'
import { EPOLLIN, EPOLLOUT } from '../../../../packages/net/src/drivers/epoll/set.js'
import { EAGAIN, EINVAL, FalseNative } from './fake-native.js'

const ECONNREFUSED = -111
const ENOSPC = -28
const PEER = new Address('127.0.0.1', 53)

const settings = {
  host: '127.0.0.1',
  port: 0,
  reuseAddress: false,
  reusePort: false,
  broadcast: false,
  receiveBuffer: undefined,
  maxSize: 100,
  queue: 1,
}

function opened() {
  const native = new FalseNative()
  const socket = openDatagrams(native.set, new DatagramBatch(native.native), '127.0.0.1', settings)
  const answers: unknown[] = []
  native.calls.length = 0
  return {
    native,
    socket,
    answers,
    /** Sends these texts. */
    send(texts: readonly string[], to: Address | undefined = PEER) {
      const batch = texts.map((text) => ({ data: Buffer.from(text), to }))
      return socket.send(batch, (sent, error) => answers.push([sent, codeOf(error)]))
    },
    /** The system reports events of the socket. */
    fire(events: number) {
      const { slot, generation } = native.watched[0] as (typeof native.watched)[0]
      native.fire({ slot, generation, events })
    },
    /** Whether each watching was with output. */
    outputs: () => native.watched.map(({ output }) => output),
  }
}

function codeOf(error: Error | null): string | undefined {
  return (error as { code?: string } | null)?.code
}

describe('EpollDatagrams', () => {
  it('goes on with a send once there is room, and is told of room only until then', () => {
    const { native, answers, send, fire, outputs } = opened()
    native.answers.sendMany.push({ sent: 1, failure: EAGAIN }, { sent: 0, failure: EAGAIN })

    send(['1', '2', '3'])
    fire(EPOLLOUT)
    const before = [...answers]
    fire(EPOLLOUT)

    expect(before).toEqual([])
    expect(answers).toEqual([[3, undefined]])
    expect(native.calls).toEqual(
      ['sendMany 1 of 3: 123', 'sendMany 0 of 2: 23', 'sendMany 2 of 2: 23'].map(startOf),
    )
    expect(outputs()).toEqual([false, true, false])
  })

  it('does not answer a send that is withdrawn, and stops being told of room', () => {
    const { native, answers, send, fire, outputs } = opened()
    native.answers.sendMany.push({ sent: 0, failure: EAGAIN })

    const withdraw = send(['1'])
    withdraw()
    withdraw()
    fire(EPOLLOUT)

    expect(answers).toEqual([])
    expect(outputs()).toEqual([false, true, false])
  })

  it('answers a send with the number before the one that fails, and its error', () => {
    const { native, answers, send } = opened()
    native.answers.sendMany.push({ sent: 2, failure: ECONNREFUSED })

    send(['1', '2', '3'])

    expect(answers).toEqual([[2, 'ECONNREFUSED']])
  })

  it('sends what precedes a host that is no address, and then fails', () => {
    const { native, socket, answers } = opened()
    const data = Buffer.from('x')
    const wrong = new Address('::::', 53)

    for (const hosts of [[PEER, wrong, PEER], [wrong]]) {
      socket.send(
        hosts.map((to) => ({ data, to })),
        (sent, error) => answers.push([sent, codeOf(error)]),
      )
    }

    expect(answers).toEqual([
      [1, 'EINVAL'],
      [0, 'EINVAL'],
    ])
    expect(native.calls.length).toBe(1)
    expect(EINVAL).toBe(-22)
  })

  it('sends at most 64 in one call, and long ones alone', () => {
    const { native, answers, send } = opened()
    const long = 'L'.repeat(5000)

    send([...Array<string>(70).fill('s'), long, 's', 's', long])

    const sizes = native.calls.map((call) => Number(/ of (\d+)/.exec(call)?.[1]))
    expect(sizes).toEqual([64, 6, 1, 2, 1])
    expect(answers).toEqual([[74, undefined]])
  })

  it('is not read while the system has reported nothing, or a report was false', () => {
    const { socket, fire } = opened()
    let reports = 0
    socket.observer = { ready: () => reports++ }

    const before = socket.receive(1)
    fire(EPOLLIN)

    expect([before, socket.receive(1), reports]).toEqual([null, null, 1])
  })

  it('may be closed by the observer of its input', () => {
    const { native, socket, fire } = opened()
    socket.observer = { ready: () => socket.close() }

    fire(EPOLLIN | EPOLLOUT)
    socket.close()

    expect(native.calls).toEqual(['close 5'])
    expect(socket.dropped).toBe(7)
  })

  it('holds no descriptor when it cannot be watched', () => {
    const native = new FalseNative()
    native.answers.watch.push(ENOSPC)
    const open = () => openDatagrams(native.set, new DatagramBatch(native.native), '127.0.0.1', settings)

    expect(open).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
    expect(native.calls).toEqual(['udp 127.0.0.1', 'close 5'])
  })
})

function startOf(call: string): unknown {
  return expect.stringMatching(new RegExp(`^${call}`))
}
