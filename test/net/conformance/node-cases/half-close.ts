// Node's cases of the end of a stream: what ends, what goes on, and in which order it is told.
import { join, Latch, spawn } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import type { Bench } from '../bench.js'
import { outcome } from '../log.js'

export function halfCloseCases(bench: Bench): void {
  it('allow-half-open: a side that has ended still gets its answer', async () => {
    const log = await bench.talk({
      *client({ conn, note, tell }) {
        yield* conn.sendall('question')
        conn.shutdown()
        note('ended')
        yield* tell('received', conn.readall())
      },
      *server({ conn, tell }) {
        yield* tell('received', conn.readall())
        yield* conn.sendall('answer')
        conn.shutdown()
      },
    })

    expect(log.lines).toEqual(['client: ended', 'server: received: question', 'client: received: answer'])
  })

  it('socket-no-halfopen-enforcer: nobody ends our side because the peer has ended its own', async () => {
    const log = await bench.talk({
      *client({ conn, tell }) {
        conn.shutdown()
        yield* tell('received', conn.readexactly(4))
        yield* tell('recv', conn.recv())
      },
      *server({ conn, tell }) {
        yield* tell('recv', conn.recv())
        yield* bench.quiet()
        yield* tell('recv', conn.recv())
        yield* tell('sendall', conn.sendall('late'))
        conn.shutdown()
      },
    })

    expect(log.sides).toEqual({
      client: ['received: late', 'recv: end'],
      server: ['recv: end', 'recv: end', 'sendall: done'],
    })
  })

  it('end-close: the end is received before the connection is closed', async () => {
    const log = await bench.talk({
      *client({ conn, note, tell }) {
        yield* tell('recv', conn.recv())
        note('close')
        conn.close()
        yield* tell('closed', conn.whenClosed())
      },
      *server({ conn }) {
        conn.close()
      },
    })

    expect(log.lines).toEqual(['client: recv: end', 'client: close', 'client: closed: done'])
  })

  it('socket-close-after-end: a side is closed only after both streams have ended', async () => {
    const log = await bench.talk({
      *client({ conn, tell }) {
        yield* conn.sendall('bye')
        conn.close()
        yield* tell('closed', conn.whenClosed())
      },
      *server({ conn, note, tell }) {
        yield* tell('received', conn.readexactly(3))
        yield* tell('recv', conn.recv())
        yield* bench.quiet()
        note('close')
        conn.close()
      },
    })

    expect(log.lines).toEqual([
      'server: received: bye',
      'server: recv: end',
      'server: close',
      'client: closed: done',
    ])
  })

  it('end-destroyed: at the end of both streams a connection is not closed yet', async () => {
    const log = await bench.talk({
      *client({ conn, note, tell }) {
        conn.shutdown()
        yield* tell('recv', conn.recv())
        yield* bench.quiet()
        yield* tell('recv', conn.recv())
        conn.shutdown()
        note('shutdown again')
      },
      *server({ conn, tell }) {
        yield* tell('recv', conn.recv())
        conn.shutdown()
      },
    })

    expect(log.lines).toEqual([
      'server: recv: end',
      'client: recv: end',
      'client: recv: end',
      'client: shutdown again',
    ])
  })

  it('end-without-connect: a connect that nobody yields connects nothing', async () => {
    const log = await bench.meet({
      *client({ connect, note }) {
        void connect()
        note('made the event')
      },
      *server({ listener, note, tell }) {
        const acceptor = yield* spawn(outcome, listener.accept())
        yield* bench.quiet()
        note('close')
        listener.close()
        yield* tell('accept', join(acceptor))
      },
    })

    expect(log.lines).toEqual(['client: made the event', 'server: close', 'server: accept: ClosedError'])
  })

  it('socket-end-before-connect: our side can be ended before the peer has accepted', async () => {
    const ended = new Latch()

    const log = await bench.meet({
      *client({ connect, note, tell }) {
        using conn = yield* connect()
        conn.shutdown()
        note('ended')
        ended.open()
        yield* tell('received', conn.readall())
      },
      *server({ listener, tell }) {
        yield* ended.wait()
        using conn = yield* listener.accept()
        yield* tell('recv', conn.recv())
        yield* conn.sendall('bye')
      },
    })

    expect(log.lines).toEqual(['client: ended', 'server: recv: end', 'client: received: bye'])
  })

  it('socket-end-callback: what was sent comes before the end, be it nothing, text or bytes', async () => {
    const last = ['', 'text', Buffer.from('bytes')]

    const log = await bench.meet({
      *client({ connect, tell }) {
        for (const data of last) {
          using conn = yield* connect()
          yield* tell('sendall', conn.sendall(data))
          conn.shutdown()
          yield* tell('recv', conn.recv())
        }
      },
      *server({ listener, tell }) {
        for (const _ of last) {
          using conn = yield* listener.accept()
          yield* tell('received', conn.readall())
        }
      },
    })

    expect(log.sides).toEqual({
      client: ['sendall: done', 'recv: end', 'sendall: done', 'recv: end', 'sendall: done', 'recv: end'],
      server: ['received: end', 'received: text', 'received: bytes'],
    })
  })

  it('write-after-close: what is sent to a peer that has closed does no harm while it lingers', async () => {
    const log = await bench.talk({
      *client({ conn, tell }) {
        conn.close()
        yield* tell('closed', conn.whenClosed())
      },
      *server({ conn, tell }) {
        yield* tell('recv', conn.recv())
        yield* tell('sendall', conn.sendall('nobody reads this'))
        yield* tell('recv', conn.recv())
        conn.close()
      },
    })

    expect(log.lines).toEqual([
      'server: recv: end',
      'server: sendall: done',
      'server: recv: end',
      'client: closed: done',
    ])
  })

  it('write-after-end-nt: a send after our end is refused at its yield, and we still receive', async () => {
    const log = await bench.talk({
      *client({ conn, note, tell }) {
        conn.shutdown()
        const late = conn.sendall('late')
        note('made the event')
        yield* tell('sendall', late)
        yield* tell('send', conn.send('late'))
        yield* tell('received', conn.readall())
      },
      *server({ conn, tell }) {
        yield* tell('received', conn.readall())
        yield* conn.sendall('still here')
        conn.shutdown()
      },
    })

    expect(log.sides).toEqual({
      client: ['made the event', 'sendall: ClosedError', 'send: ClosedError', 'received: still here'],
      server: ['received: end'],
    })
  })

  it('writable: a peer that has only ended can still be written to', async () => {
    const log = await bench.talk({
      *client({ conn, tell }) {
        yield* tell('recv', conn.recv())
        yield* tell('sendall', conn.sendall('hello world'))
        conn.shutdown()
      },
      *server({ conn, tell }) {
        conn.shutdown()
        yield* tell('received', conn.readall())
      },
    })

    expect(log.sides).toEqual({
      client: ['recv: end', 'sendall: done'],
      server: ['received: hello world'],
    })
  })
}
