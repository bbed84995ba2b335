import {
  type Connection,
  connect,
  ListenError,
  type Listener,
  type ServerOptions,
  server,
} from '@bluelet/net'
import { nodeDriver } from '@bluelet/net/driver'
import { type Operation, simulate } from '@bluelet/net/testing'
import {
  type Coroutine,
  group,
  kill,
  Latch,
  pause,
  Scheduler,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { ClockHost } from '../support/clock-host.js'
import { settled, turn, until } from '../support/deadline.js'
import { openSockets } from '../support/leaks.js'
import { dial, type Peer } from '../support/peer.js'
import { driverLike, LOOPBACK, play, rejection, tellingAfter } from './world.js'

/** An error that a server has reported. */
interface Report {
  readonly error: unknown
  /** The peer's address, as it was known then. */
  readonly from: string
  readonly task: Task
}

/** A server under way. */
interface Served {
  readonly task: Task<void>
  readonly port: number
  readonly reports: Report[]
  readonly listener: Listener
}

/** Starts a server, and gives it once it listens. */
function* serve(handler: (conn: Connection) => Coroutine, options: ServerOptions = {}): Coroutine<Served> {
  const reports: Report[] = []
  let listener: Listener | undefined
  const task = yield* spawn.with(
    { name: 'server' },
    server(LOOPBACK, 0, handler, {
      onListening: (opened) => {
        listener = opened
      },
      onError: (error, conn, task) => void reports.push({ error, from: `${conn.remoteAddress}`, task }),
      grace: 0, // Its handlers do not end by themselves.
      ...options,
    }),
  )
  yield until('the server listens', () => listener !== undefined || task.outcome !== undefined)
  if (listener === undefined) throw new Error('the server did not come to listen')
  return { task, port: listener.address.port, reports, listener }
}

/** Connects and reads. A peer ends its side when the server does. */
async function client(port: number, text = ''): Promise<Peer> {
  const peer = await dial(port)
  peer.read()
  peer.socket.once('end', () => peer.end())
  if (text !== '') peer.write(text)
  return peer
}

function* echoer(conn: Connection): Coroutine<void> {
  while (true) {
    const data = yield* conn.recv(1024)
    if (data.length === 0) break
    yield* conn.sendall(data)
  }
}

/** Sends a text and gives what comes back, up to the end. */
async function exchange(port: number, text: string): Promise<string> {
  const peer = await client(port, text)
  peer.end()
  await peer.finish()
  return peer.text
}

describe('server', () => {
  it('serves many clients at once, each its own bytes', async () => {
    const replies = await play(function* () {
      const { task, port } = yield* serve(echoer)
      const texts = Array.from({ length: 50 }, (_, i) => `client ${i}`)
      const replies: string[] = yield Promise.all(texts.map((text) => exchange(port, text)))
      yield* kill(task)
      return replies.map((reply, i) => reply === texts[i])
    })

    expect(replies).toEqual(replies.map(() => true))
    expect(replies).toHaveLength(50)
  })

  it('closes the connection when the handler ends', async () => {
    const text = await play(function* () {
      const { task, port } = yield* serve(function* (conn) {
        yield* conn.sendall('bye')
      })
      const peer: Peer = yield client(port)
      yield peer.finish()
      yield* kill(task)
      return `${peer.text} ${peer.ended}`
    })

    expect(text).toBe('bye true')
  })

  it('names the task of a handler after its function', async () => {
    const { name } = await play(function* () {
      const { task, port, reports } = yield* serve(function* brokenHandler() {
        yield pause()
        throw new Error('broken')
      })
      yield client(port)
      yield until('a report', () => reports.length > 0)
      yield* kill(task)
      return reports[0]!.task
    })

    expect(name).toBe('brokenHandler')
  })

  it('rejects the run when it cannot listen', async () => {
    const error = await rejection(
      play(function* () {
        const { port } = yield* serve(echoer)
        yield* server(LOOPBACK, port, echoer)
      }),
    )

    expect(error).toBeInstanceOf(ListenError)
  })

  it.each([undefined, null, 'echoer', {}])('refuses the handler %s', (handler) => {
    expect(() => server(LOOPBACK, 0, handler as never)).toThrow(TypeError)
  })

  it('refuses what can be no port before it is run', () => {
    expect(() => server(LOOPBACK, -1, echoer)).toThrow(RangeError)
  })
})

describe('a handler that fails', () => {
  it('has its connection closed and is reported once, with its connection and its task', async () => {
    const failure = new Error('the handler’s own')

    const { reports, peer, reply } = await play(function* () {
      const { task, port, reports } = yield* serve(function* handler(conn) {
        if (String(yield* conn.recv()) === 'fail') throw failure
        yield* conn.sendall('fine')
      })
      const peer: Peer = yield client(port, 'fail')
      yield peer.finish()
      const reply: string = yield exchange(port, 'work')
      yield* kill(task)
      return { reports, peer, reply }
    })

    expect(peer.ended).toBe(true)
    expect(reply).toBe('fine')
    expect(reports).toHaveLength(1)
    expect(reports[0]!.error).toBe(failure)
    expect(reports[0]!.task.name).toBe('handler')
    expect(reports[0]!.from).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(failure.stack).toContain('in task handler#')
  })

  it('does not disturb the others, even those in the middle of an exchange', async () => {
    const reply = await play(function* () {
      const { task, port, reports } = yield* serve(function* (conn) {
        const line = String(yield* conn.readline())
        if (line === 'fail\n') throw new Error('fail')
        yield* conn.sendall(yield* conn.readline())
      })
      const steady: Peer = yield client(port, 'first\n')
      for (let i = 0; i < 20; i++) yield client(port, 'fail\n')
      yield until('all reports', () => reports.length === 20)
      steady.write('second\n')
      yield steady.finish()
      yield* kill(task)
      return steady.text
    })

    expect(reply).toBe('second\n')
  })

  it.each([undefined, null, 0, ''])('is reported, whatever it throws: %s', async (thrown) => {
    const reports = await play(function* () {
      const { task, port, reports } = yield* serve(function* () {
        throw thrown
      })
      const peer: Peer = yield client(port)
      yield peer.finish()
      yield* kill(task)
      return reports
    })

    expect(reports.map(({ error }) => error)).toEqual([thrown])
  })

  it('is printed when nobody listens for errors', async () => {
    const host = new ClockHost()

    await new Scheduler({ host }).run(function* () {
      const { task, port } = yield* serve(
        function* () {
          throw new Error('printed')
        },
        { onError: undefined } as unknown as ServerOptions, // As if none had been given.,
      )
      const peer: Peer = yield client(port)
      yield peer.finish()
      yield* kill(task)
    })

    expect(host.reports.map(String)).toEqual(['Error: printed'])
  })

  it('does not end the server when onError throws as well', async () => {
    const host = new ClockHost()

    const reply = await new Scheduler({ host }).run(function* () {
      const { task, port } = yield* serve(
        function* (conn) {
          if (String(yield* conn.recv()) === 'fail') throw new Error('the handler')
          yield* conn.sendall('fine')
        },
        {
          onError: () => {
            throw new Error('onError itself')
          },
        },
      )
      const peer: Peer = yield client(port, 'fail')
      yield peer.finish()
      const reply: string = yield exchange(port, 'work')
      yield* kill(task)
      return reply
    })

    expect(reply).toBe('fine')
    expect(host.reports.map(String)).toEqual(['Error: onError itself'])
  })

  it('in a task that it has spawned cancels the handler and the other tasks', async () => {
    const log: string[] = []

    const { reports, ended } = await play(function* () {
      const { task, port, reports } = yield* serve(function* handler(conn) {
        try {
          yield* spawn(function* failing() {
            yield* conn.recv()
            throw new Error('spawned')
          })
          yield* spawn(function* sibling() {
            try {
              yield* sleep(1e6)
            } finally {
              log.push('sibling')
            }
          })
          yield* sleep(1e6)
        } finally {
          log.push('handler')
        }
      })
      const peer: Peer = yield client(port, 'x')
      yield peer.finish()
      yield until('the clean-up', () => log.length === 2)
      yield* kill(task)
      return { reports, ended: peer.ended }
    })

    expect(ended).toBe(true)
    expect(log.sort()).toEqual(['handler', 'sibling'])
    expect(reports).toHaveLength(1)
    expect(reports[0]!.task.name).toBe('failing')
  })

  it('together with a task of its own that has not begun is over once, and the server ends', async () => {
    const begun: string[] = []

    const reports = await play(function* () {
      const { task, port, reports } = yield* serve(function* () {
        yield* spawn(function* () {
          begun.push('child')
          yield* pause()
        })
        throw new Error('at once')
      })
      const peer: Peer = yield client(port)
      yield peer.finish()
      yield* kill(task)
      return reports
    })

    expect(reports.map(({ error }) => String(error))).toEqual(['Error: at once'])
    expect(begun).toEqual([])
  })

  it('is reported once, although its clean-up and its siblings fail as well', async () => {
    const reports = await play(function* () {
      const { task, port, reports } = yield* serve(function* (conn) {
        yield* spawn(function* () {
          try {
            yield* sleep(1e6)
          } finally {
            yield* conn.sendall('goodbye')
          }
        })
        yield* conn.recv()
        throw new Error('first')
      })
      const peer: Peer = yield client(port, 'x')
      yield peer.finish()
      yield* kill(task)
      return reports
    })

    expect(reports.map(({ error }) => String(error))).toEqual(['Error: first'])
  })

  it('does not leave tasks that its clean-up has spawned', async () => {
    const host = new ClockHost()

    const left = await new Scheduler({ host }).run(function* () {
      const { task, port, reports } = yield* serve(function* handler(conn) {
        yield* spawn(function* () {
          try {
            yield* sleep(1e9)
          } finally {
            yield* spawn(function* straggler() {
              yield* sleep(1e9)
            })
          }
        })
        yield* conn.recv()
        throw new Error('first')
      })
      const peer: Peer = yield client(port, 'x')
      yield peer.finish()
      yield until('a report', () => reports.length > 0)
      const scheduler = task.scheduler
      const stragglers = () => scheduler.snapshot().filter(({ name }) => name === 'straggler')
      yield until('the straggler', () => stragglers().length === 1)
      // Two grace periods: one for the clean-up, one for what it has spawned.
      for (let i = 0; i < 3; i++) {
        host.advance(5000)
        yield settled(() => stragglers().length, 20)
      }
      const left = stragglers().length
      if (left > 0) host.advance(1e9)
      yield* kill(task)
      return left
    })

    expect(left).toBe(0)
  })

  it('in a group of its own is reported once', async () => {
    const reports = await play(function* () {
      const { task, port, reports } = yield* serve(function* (conn) {
        yield* group(function* (g) {
          yield* g.spawn(function* () {
            yield* conn.recv()
            throw new Error('in a group')
          })
        })
      })
      const peer: Peer = yield client(port, 'x')
      yield peer.finish()
      yield* kill(task)
      return reports
    })

    expect(reports.map(({ error }) => String(error))).toEqual(['Error: in a group'])
  })
})

describe('a peer that disconnects in the middle', () => {
  it('by a reset is no error', async () => {
    const { reports, reply, cleaned } = await play(function* () {
      let cleaned = 0
      const { task, port, reports } = yield* serve(function* (conn) {
        try {
          yield* echoer(conn)
        } finally {
          cleaned++
        }
      })
      const peer: Peer = yield client(port, 'x')
      yield peer.until('the echo', () => peer.length > 0)
      yield peer.reset()
      yield until('the clean-up', () => cleaned === 1)
      const reply: string = yield exchange(port, 'next')
      yield* kill(task)
      return { reports, reply, cleaned }
    })

    expect(reports).toEqual([])
    expect(reply).toBe('next')
    expect(cleaned).toBe(2)
  })

  it('while a reply is on its way is no error', async () => {
    const reports = await play(function* () {
      let ended = 0
      const { task, port, reports } = yield* serve(function* (conn) {
        try {
          yield* conn.sendall(Buffer.alloc(32 * 1024 * 1024))
        } finally {
          ended++
        }
      })
      const peer: Peer = yield dial(port)
      yield settled(() => openSockets())
      yield peer.reset()
      yield until('the handler has ended', () => ended === 1)
      yield* kill(task)
      return reports
    })

    expect(reports).toEqual([])
  })

  it('by a reset is no error in a handler that goes on to read', async () => {
    const reports = await play(function* () {
      let ended = 0
      const { task, port, reports } = yield* serve(function* (conn) {
        try {
          yield* conn.recv()
        } catch {
          // As a handler that logs and tries again.
        }
        try {
          yield* conn.recv()
        } finally {
          ended++
        }
      })
      const peer: Peer = yield dial(port)
      yield peer.reset()
      yield until('the handler has ended', () => ended === 1)
      yield* kill(task)
      return reports
    })

    expect(reports).toEqual([])
  })
})

describe('a handler that is no generator', () => {
  it.each([
    ['an ordinary function', () => 42],
    ['an async function', async () => {}],
    [
      'a function that throws',
      () => {
        throw new Error('no generator')
      },
    ],
  ])('(%s) has its connection closed and is reported, and the server goes on', async (_name, broken) => {
    const { reports, peer, reply } = await play(function* () {
      let first = true
      const handler = (conn: Connection) => {
        const is = first ? broken : echoer
        first = false
        return (is as (conn: Connection) => Coroutine)(conn)
      }
      const { task, port, reports } = yield* serve(handler)
      const peer: Peer = yield client(port)
      yield peer.finish()
      const reply: string = yield exchange(port, 'next')
      yield* kill(task)
      return { reports, peer, reply }
    })

    expect(peer.ended || peer.errors.length > 0).toBe(true)
    expect(reports).toHaveLength(1)
    expect(reports[0]!.error).toBeInstanceOf(Error)
    expect(reply).toBe('next')
  })

  it('leaves no connection open, even if that ends the server', async () => {
    const before = openSockets()

    await rejection(
      play(function* () {
        const { task, port } = yield* serve((() => 42) as never)
        const peer: Peer = yield client(port)
        yield until('something has come of it', () => task.outcome !== undefined || peer.ended)
        peer.socket.destroy()
        yield* kill(task)
        throw new Error('over')
      }),
    )

    await until('the descriptors are back', () => openSockets() === before)
  })
})

describe('a server that is killed', () => {
  it('stops listening, runs the handlers’ finally blocks and waits for them', async () => {
    const log: string[] = []

    const { error, texts } = await play(function* () {
      const { task, port } = yield* serve(function* (conn) {
        try {
          yield* conn.sendall('hello ')
          yield* sleep(1e6)
        } finally {
          yield* sleep(2)
          yield* conn.sendall('goodbye')
          log.push('cleaned up')
        }
      })
      const peers: Peer[] = yield Promise.all([client(port), client(port)])
      for (const peer of peers) yield peer.until('hello', () => peer.text === 'hello ')
      yield* kill(task)
      log.push('killed')
      for (const peer of peers) yield peer.finish()
      const error: NodeJS.ErrnoException = yield rejection(dial(port))
      return { error, texts: peers.map(({ text }) => text) }
    })

    expect(log).toEqual(['cleaned up', 'cleaned up', 'killed'])
    expect(texts).toEqual(['hello goodbye', 'hello goodbye'])
    expect(error.code).toBe('ECONNREFUSED')
  })

  it('begins to kill all its handlers at once: a slow clean-up does not hold up the others', async () => {
    const log: string[] = []

    await play(function* () {
      let count = 0
      const { task, port } = yield* serve(function* () {
        const name = ++count
        try {
          yield* sleep(1e6)
        } finally {
          log.push(`${name} begins`)
          yield* sleep(5)
          log.push(`${name} ends`)
        }
      })
      yield Promise.all([client(port), client(port), client(port)])
      yield until('three handlers', () => count === 3)
      yield* kill(task)
    })

    expect(log.slice(0, 3).sort()).toEqual(['1 begins', '2 begins', '3 begins'])
    expect(log).toHaveLength(6)
  })

  it('kills what the handlers have spawned, even if the handler itself has ended', async () => {
    const log: string[] = []

    await play(function* () {
      const { task, port } = yield* serve(function* () {
        yield* spawn(function* () {
          log.push('spawned')
          try {
            yield* sleep(1e6)
          } finally {
            log.push('cleaned up')
          }
        })
      })
      yield client(port)
      yield until('the spawned task', () => log.length === 1)
      yield* kill(task)
      log.push('killed')
    })

    expect(log).toEqual(['spawned', 'cleaned up', 'killed'])
  })

  it('cleans up after every handler, although the clean-up of one fails, and reports that once', async () => {
    const log: string[] = []

    const reports = await play(function* () {
      let count = 0
      const { task, port, reports } = yield* serve(function* () {
        const name = ++count
        try {
          yield* sleep(1e6)
        } finally {
          log.push(`${name} cleaned up`)
          // biome-ignore lint/correctness/noUnsafeFinally: this is what the test is about.
          if (name === 1) throw new Error('clean-up of 1')
        }
      })
      yield Promise.all([client(port), client(port), client(port)])
      yield until('three handlers', () => count === 3)
      yield* kill(task)
      return reports
    })

    expect(log.sort()).toEqual(['1 cleaned up', '2 cleaned up', '3 cleaned up'])
    expect(reports.map(({ error }) => String(error))).toEqual(['Error: clean-up of 1'])
  })

  it('reports an error of a handler that comes while it is being killed', async () => {
    const reports = await play(function* () {
      let ready = 0
      const { task, port, reports } = yield* serve(function* (conn) {
        yield* spawn(function* () {
          try {
            ready++
            yield* sleep(1e6)
          } finally {
            yield* sleep(2)
            // biome-ignore lint/correctness/noUnsafeFinally: this is what the test is about.
            throw new Error('late')
          }
        })
        yield* conn.recv()
      })
      yield client(port)
      yield until('the spawned task', () => ready === 1)
      yield* kill(task)
      return reports
    })

    expect(reports.map(({ error }) => String(error))).toEqual(['Error: late'])
  })

  it('while it is still about to listen leaves nothing open', async () => {
    const before = openSockets()

    await play(function* () {
      for (let turns = 0; turns < 4; turns++) {
        const task = yield* spawn(server(LOOPBACK, 0, echoer))
        for (let i = 0; i < turns; i++) yield pause()
        yield* kill(task)
      }
    })
    await until('the descriptors are back', () => openSockets() === before)

    expect(openSockets()).toBe(before)
  })

  it('closes a connection that it has accepted and has no handler for yet', async () => {
    const before = openSockets()
    let serving: Task | undefined
    let killed = false
    // Kills the server in the very moment in which a connection wakes it.
    const driver = driverLike(nodeDriver, {
      listen: (target, done) =>
        nodeDriver.listen(target, (error, listener) => {
          if (listener === null) done(error, null)
          else
            done(
              null,
              tellingAfter(listener, () => {
                killed = true
                serving?.scheduler.cancel(serving)
              }),
            )
        }),
    })

    await play(function* () {
      const { task, port } = yield* serve(echoer, { driver })
      serving = task
      const peer: Peer = yield dial(port)
      yield until('the kill', () => killed)
      yield* kill(task)
      yield settled(() => openSockets())
      peer.socket.destroy()
    })
    await until('the descriptors are back', () => openSockets() === before)

    expect(openSockets()).toBe(before)
  })

  it('by the abort of its run lets the handlers clean up before the run rejects', async () => {
    const controller = new AbortController()
    const log: string[] = []

    const error = await rejection(
      play(
        function* () {
          const { port } = yield* serve(function* () {
            try {
              yield* sleep(1e6)
            } finally {
              yield* sleep(2)
              log.push('cleaned up')
            }
          })
          yield client(port)
          for (let i = 0; i < 20; i++) yield turn()
          controller.abort(new Error('stop'))
        },
        { signal: controller.signal },
      ),
    )

    expect(error.message).toBe('stop')
    expect(log).toEqual(['cleaned up'])
  })
})

describe('a server whose accept fails', () => {
  it.each(['EMFILE', 'ECONNABORTED', 'EPERM'])(
    'serves what has come before the failure, and goes on: %s',
    async (code) => {
      const tries: number[] = []
      // The accept that follows a successful one fails, once.
      const fault = ({ kind, number }: Operation) => {
        if (kind === 'accept') tries.push(number)
        return kind === 'accept' && tries.length === 3 ? code : undefined
      }

      const replies = await simulate(
        function* () {
          const listening = new Latch()
          yield* spawn(server('', 4915, echoer, { onListening: () => listening.open() }))
          yield* listening.wait()
          const replies: string[] = []
          for (const word of ['one', 'two']) {
            const conn = yield* connect('localhost', 4915)
            yield* conn.sendall(word)
            conn.shutdown()
            replies.push(String(yield* conn.readall()))
            conn.close()
          }
          return replies
        },
        { fault },
      )

      expect(replies).toEqual(['one', 'two'])
      expect(tries.length).toBeGreaterThan(3)
    },
  )
})
