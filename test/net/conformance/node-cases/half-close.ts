// Node's cases of the end of a stream: which side ends, which continues, and the order of the
// reports.
import { join, Latch, spawn } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import type { ConformanceHarness } from '../harness.js'
import { outcome } from '../log.js'

export function halfCloseCases(harness: ConformanceHarness): void {
  it('allow-half-open: a side that has ended still gets its answer', async () => {
    const log = await harness.talk({
      *client({ conn, note, record }) {
        yield* conn.sendall('question')
        conn.shutdown()
        note('ended')
        yield* record('received', conn.readall())
      },
      *server({ conn, record }) {
        yield* record('received', conn.readall())
        yield* conn.sendall('answer')
        conn.shutdown()
      },
    })

    expect(log.lines).toEqual(['client: ended', 'server: received: question', 'client: received: answer'])
  })

  it('socket-no-halfopen-enforcer: our side does not end because the peer has ended its side', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        conn.shutdown()
        yield* record('received', conn.readexactly(4))
        yield* record('recv', conn.recv())
      },
      *server({ conn, record }) {
        yield* record('recv', conn.recv())
        yield* harness.quiet()
        yield* record('recv', conn.recv())
        yield* record('sendall', conn.sendall('late'))
        conn.shutdown()
      },
    })

    expect(log.sides).toEqual({
      client: ['received: late', 'recv: end'],
      server: ['recv: end', 'recv: end', 'sendall: done'],
    })
  })

  it('end-close: the end is received before the connection is closed', async () => {
    const log = await harness.talk({
      *client({ conn, note, record }) {
        yield* record('recv', conn.recv())
        note('close')
        conn.close()
        yield* record('closed', conn.whenClosed())
      },
      *server({ conn }) {
        conn.close()
      },
    })

    expect(log.lines).toEqual(['client: recv: end', 'client: close', 'client: closed: done'])
  })

  it('socket-close-after-end: with unread input a side is closed only after both streams have ended', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        yield* conn.peek()
        yield* conn.sendall('bye')
        conn.close()
        yield* record('closed', conn.whenClosed())
      },
      *server({ conn, note, record }) {
        yield* conn.sendall('unread')
        yield* record('received', conn.readexactly(3))
        yield* record('recv', conn.recv())
        yield* harness.quiet()
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
    const log = await harness.talk({
      *client({ conn, note, record }) {
        conn.shutdown()
        yield* record('recv', conn.recv())
        yield* harness.quiet()
        yield* record('recv', conn.recv())
        conn.shutdown()
        note('shutdown again')
      },
      *server({ conn, record }) {
        yield* record('recv', conn.recv())
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

  it('end-without-connect: a connect that is not yielded connects nothing', async () => {
    const log = await harness.meet({
      *client({ connect, note }) {
        void connect()
        note('made the event')
      },
      *server({ listener, note, record }) {
        const acceptor = yield* spawn(outcome, listener.accept())
        yield* harness.quiet()
        note('close')
        listener.close()
        yield* record('accept', join(acceptor))
      },
    })

    expect(log.lines).toEqual(['client: made the event', 'server: close', 'server: accept: ClosedError'])
  })

  it('socket-end-before-connect: our side can be ended before the peer has accepted', async () => {
    const ended = new Latch()

    const log = await harness.meet({
      *client({ connect, note, record }) {
        using conn = yield* connect()
        conn.shutdown()
        note('ended')
        ended.open()
        yield* record('received', conn.readall())
      },
      *server({ listener, record }) {
        yield* ended.wait()
        using conn = yield* listener.accept()
        yield* record('recv', conn.recv())
        yield* conn.sendall('bye')
      },
    })

    expect(log.lines).toEqual(['client: ended', 'server: recv: end', 'client: received: bye'])
  })

  it('socket-end-callback: sent data arrives before the end, be it nothing, text or bytes', async () => {
    const last = ['', 'text', Buffer.from('bytes')]

    const log = await harness.meet({
      *client({ connect, record }) {
        for (const data of last) {
          using conn = yield* connect()
          yield* record('sendall', conn.sendall(data))
          conn.shutdown()
          yield* record('recv', conn.recv())
        }
      },
      *server({ listener, record }) {
        for (const _ of last) {
          using conn = yield* listener.accept()
          yield* record('received', conn.readall())
        }
      },
    })

    expect(log.sides).toEqual({
      client: ['sendall: done', 'recv: end', 'sendall: done', 'recv: end', 'sendall: done', 'recv: end'],
      server: ['received: end', 'received: text', 'received: bytes'],
    })
  })

  it('write-after-close: bytes for a peer that has closed are discarded while it lingers', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        yield* conn.peek()
        conn.close()
        yield* record('closed', conn.whenClosed())
      },
      *server({ conn, record }) {
        yield* conn.sendall('unread')
        yield* record('recv', conn.recv())
        yield* record('sendall', conn.sendall('this stays unread'))
        yield* record('recv', conn.recv())
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
    const log = await harness.talk({
      *client({ conn, note, record }) {
        conn.shutdown()
        const late = conn.sendall('late')
        note('made the event')
        yield* record('sendall', late)
        yield* record('send', conn.send('late'))
        yield* record('received', conn.readall())
      },
      *server({ conn, record }) {
        yield* record('received', conn.readall())
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
    const log = await harness.talk({
      *client({ conn, record }) {
        yield* record('recv', conn.recv())
        yield* record('sendall', conn.sendall('hello world'))
        conn.shutdown()
      },
      *server({ conn, record }) {
        conn.shutdown()
        yield* record('received', conn.readall())
      },
    })

    expect(log.sides).toEqual({
      client: ['recv: end', 'sendall: done'],
      server: ['received: hello world'],
    })
  })
}
