// Faults injected into operations of the simulated network.
import { ConnectError, ConnectionResetError, connect, ListenError, server } from '@bluelet/net'
import { type Operation, simulate } from '@bluelet/net/testing'
import { all, type Coroutine, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { abort, echoer, exchange, type Pair, pair } from '../../simulated-pair.js'
import { errorOf, rejection } from '../../world.js'

describe('fault', () => {
  /** An exchange with every kind of operation. */
  function* conversation(): Coroutine<string> {
    yield* spawn(server('localhost', 4915, echoer))
    yield* sleep(5)
    const conn = yield* connect('localhost', 4915)
    const reply = yield* exchange(conn, 'hello')
    conn.shutdown()
    yield* conn.recv(1)
    conn.close()
    return reply
  }

  it('is called at each operation, with its number, its kind and its ends', async () => {
    const operations: string[] = []

    await simulate(conversation, {
      fault: ({ number, kind, local, remote }) => {
        operations.push(`${number} ${kind} ${local ?? '-'} ${remote ?? '-'}`)
        return undefined
      },
    })

    const numbers = operations.map((line) => Number(line.split(' ')[0]))
    expect(numbers).toEqual(numbers.map((_, i) => i))
    expect(operations.slice(0, 9)).toEqual([
      '0 lookup - -',
      '1 listen 127.0.0.1:4915 -',
      '2 accept 127.0.0.1:4915 -',
      '3 lookup - -',
      '4 connect 127.0.0.1:49152 127.0.0.1:4915',
      '5 read 127.0.0.1:49152 127.0.0.1:4915',
      '6 write 127.0.0.1:49152 127.0.0.1:4915',
      '7 accept 127.0.0.1:4915 -',
      '8 accept 127.0.0.1:4915 -',
    ])
    expect(new Set(operations.map((line) => line.split(' ')[1]))).toEqual(
      new Set(['lookup', 'listen', 'accept', 'connect', 'read', 'write', 'shutdown']),
    )
  })

  it('counts the operations', async () => {
    const counts: number[] = []

    await simulate(function* ({ network }) {
      for (let i = 0; i < 2; i++) {
        yield* errorOf(connect('localhost', 4915))
        counts.push(network.operations)
      }
    })

    // The look-up, the connect, and the read that gives the reason of the failure.
    expect(counts).toEqual([3, 6])
  })

  it.each(['EAGAIN', 'EWOULDBLOCK', 'EINTR'])(
    'by %s is not a failure of a read or a write, which only would block',
    async (code) => {
      const every = ({ number, kind }: Operation) =>
        (kind === 'read' || kind === 'write') && number % 2 === 0 ? code : undefined

      expect(await simulate(conversation, { fault: every })).toBe('hello')
    },
  )

  it.each([
    ['lookup', 3, 'EAI_AGAIN', 'has no address (EAI_AGAIN)'],
    ['connect', 4, 'ETIMEDOUT', '127.0.0.1:4915: ETIMEDOUT'],
  ])('makes a %s fail', async (_kind, number, code, message) => {
    const error = await rejection(simulate(conversation, { fault: at(number, code) }))

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain(message)
  })

  it('makes a connect hang', async () => {
    const error = await rejection(simulate(conversation, { fault: at(4, 'hang') }))

    expect(error.message).toContain('not connected within 10000 ms: 127.0.0.1:4915: no answer')
  })

  it('makes a listen fail', async () => {
    const error = await rejection(simulate(conversation, { fault: at(1, 'EACCES') }))

    expect(error).toBeInstanceOf(ListenError)
    expect(error.message).toContain('this port needs privileges')
  })

  /** Fails the first operation of a kind on a connection, and gives what both ends see. */
  function failing(kind: string, code: string, act: (ends: Pair) => Coroutine): Promise<any[]> {
    let left = 1
    return simulate(
      function* (world) {
        const ends = yield* pair()
        const error = yield* errorOf(
          (function* () {
            return yield* act(ends)
          })(),
        )
        const peer = yield* errorOf(ends.server.recv(1))
        abort(ends)
        yield* all([ends.client.whenClosed(), ends.server.whenClosed()])
        return [error, peer, world.network.descriptors]
      },
      { fault: (operation) => (operation.kind === kind && left-- > 0 ? code : undefined) },
    )
  }

  it.each(['ETIMEDOUT', 'ECONNRESET', 'EPIPE', 'ENOBUFS', 'EIO'])(
    'by %s breaks a connection at a read, at both ends',
    async (code) => {
      const [error, peer, descriptors] = await failing('read', code, ({ client }) => client.recv(1) as never)

      expect(error.code).toBe(code)
      expect(peer).toBeInstanceOf(ConnectionResetError)
      expect(descriptors).toBe(0)
    },
  )

  it.each(['ETIMEDOUT', 'ECONNRESET', 'EPIPE', 'ENOBUFS', 'EIO'])(
    'by %s breaks a connection at a write, at both ends',
    async (code) => {
      const [error, peer, descriptors] = await failing(
        'write',
        code,
        ({ client }) => client.send('x') as never,
      )

      expect(error.code).toBe(code)
      expect(peer).toBeInstanceOf(ConnectionResetError)
      expect(descriptors).toBe(0)
    },
  )

  it('breaks a connection at a shutdown, which throws nothing', async () => {
    const [error, peer, descriptors] = await failing('shutdown', 'ENOTCONN', function* ({ client }) {
      client.shutdown()
      return yield* client.recv(1)
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(peer).toBeInstanceOf(ConnectionResetError)
    expect(descriptors).toBe(0)
  })

  function at(number: number, code: string): (operation: Operation) => string | undefined {
    return (operation) => (operation.number === number ? code : undefined)
  }
})
