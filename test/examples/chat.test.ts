// The chat of examples/chat as a process, with nc, Python and raw sockets as members.
import { type Connection, connect, server } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { all, type Coroutine, now, sleep, spawn, timeout } from '@bluelet/scheduler'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Room } from '../../examples/chat/room.js'
import { printable } from '../../examples/chat/text.js'
import { destroyPeers, dial, type Peer } from '../support/peer.js'
import { missing, named, type Program, start, startServing } from '../support/program.js'

afterEach(destroyPeers)

/** A start takes most of a second, and longer on a busy machine. */
const MAX_MS = 30_000

/** The lines of a member that floods: more than the buffers of two sockets hold. */
const LINE = `${'x'.repeat(3000)}\n`
const LINES = 100

const noNetcat = missing('nc', ['-h'])
const noPython = missing('python3', ['--version'])

/** Joins as python, greets the next member, and leaves. */
const POLITE_CLIENT = `
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=8) as s, s.makefile("rw", newline="\\n") as lines:
    print("python", file=lines, flush=True)
    while "has joined" not in (line := lines.readline()):
        pass
    print("hello", line.split()[-3], file=lines, flush=True)
`

/** A member that uses nc and is in the room. */
async function netcat(server: Program, port: string, name: string): Promise<Program> {
  const client = start('nc', ['-N', '127.0.0.1', port]).write(`${name}\n`)
  await server.printed(new RegExp(`\\* ${name} has joined\n`))
  return client
}

/** A member that uses a raw socket and is in the room. */
async function join(server: Program, port: string, name: string): Promise<Peer> {
  const peer = await dial(Number(port))
  peer.read().write(`${name}\n`)
  await server.printed(new RegExp(`\\* ${name} has joined\n`))
  return peer
}

async function receives(peer: Peer, text: string): Promise<void> {
  await peer.until(text, () => peer.bytes.includes(text))
}

describe("'examples/chat/server.ts', with 'examples/chat/room.ts', 'examples/chat/member.ts' and 'examples/chat/text.ts'", {
  timeout: MAX_MS,
}, () => {
  let server: Program
  let port: string

  beforeAll(async () => {
    const started = await startServing('examples/chat/server.ts')
    server = started.server
    port = started.port
  }, MAX_MS)

  afterAll(() => {
    server.kill('SIGKILL')
  })

  it.skipIf(noNetcat ?? noPython)(
    named('passes lines to all other members, and reports who joins and leaves', noNetcat ?? noPython),
    async () => {
      const alice = await netcat(server, port, 'alice')
      const bob = await netcat(server, port, 'bob')
      const carol = await netcat(server, port, 'carol')

      alice.write('hello\r\n')
      await bob.printed(/alice: hello\n/)
      bob.write('\x1b[2Jclear?\n')
      await carol.printed(/bob: \[2Jclear\?\n/)
      carol.write('the last').end()
      await alice.printed(/carol has left\n/)
      await bob.printed(/carol has left\n/)
      const python = start('python3', ['-c', POLITE_CLIENT, port])
      await alice.printed(/python has joined\n/)
      const dave = await netcat(server, port, 'dave')
      await alice.printed(/python has left\n/)
      await python.ended()

      expect([python.exit?.code, python.stderr]).toEqual([0, ''])
      await dave.printed(/python: hello dave\n/)
      for (const client of [alice, bob, dave]) await client.end().ended()
      expect(carol.stdout).toBe('Your name: alice: hello\nbob: [2Jclear?\n')
      expect(alice.stdout.split('\n')).toEqual([
        'Your name: * bob has joined',
        '* carol has joined',
        'bob: [2Jclear?',
        'carol: the last',
        '* carol has left',
        '* python has joined',
        '* dave has joined',
        'python: hello dave',
        '* python has left',
        '',
      ])
      expect(server.stderr).toBe('')
    },
  )

  it('asks again for a taken or empty name, and goes on when clients reset', async () => {
    const anna = await join(server, port, 'anna')
    const peer = await dial(Number(port))
    peer.read()

    for (const name of ['anna', '', 'Mallory\u001b[2J and friends', 'x'.repeat(21)]) peer.write(`${name}\n`)
    await receives(peer, 'anna is here already\nYour name: ')
    await peer.until('three more', () => peer.text.split('1 to 20').length === 4)
    const visitor = await dial(Number(port))
    await visitor.reset()
    peer.write('Zoë\n')
    await receives(anna, '* Zoë has joined\n')
    await peer.reset()
    await receives(anna, '* Zoë has left\n')
    const second = await join(server, port, 'Zoë')
    await anna.until('Zoë again', () => anna.text.split('Zoë has joined').length === 3)
    anna.write('still there?\n')
    await receives(second, 'anna: still there?\n')

    expect(server.stderr).toBe('')
  })

  it('disconnects a member that sends a line without end', async () => {
    const adam = await join(server, port, 'adam')
    const mallory = await join(server, port, 'mallory')

    mallory.write('x'.repeat(100_000))

    await receives(adam, '* mallory has left\n')
    await server.printed(/was turned away: limit/)
  })

  it.each(['ad\u200bmin', '\u202enimda', 'ad\u3164min', 'ad\ufe0fmin'])(
    'refuses a name with hidden characters: %j',
    async (name) => {
      const peer = await dial(Number(port))
      peer.read().write(`${name}\n`)

      await receives(peer, '1 to 20 letters')

      peer.socket.destroy()
    },
  )

  it('drops no member for a line longer than the limit for a member', async () => {
    const eve = await join(server, port, 'eve')
    const trudy = await join(server, port, 'trudy')

    trudy.write(`${'x'.repeat(65_530)}\n`)
    await server.printed(/\* trudy has left\n/)

    await receives(eve, '* trudy has left\n')
  })

  it('drops new clients at once while it is full, and ends on Ctrl+C', async () => {
    const { server, port } = await startServing('examples/chat/server.ts', { MEMBERS: '2' })
    onTestFinished(() => void server.kill('SIGKILL'))
    const alice = await join(server, port, 'alice')
    const bob = await join(server, port, 'bob')

    const third = await dial(Number(port))
    await third.finish()
    bob.end()
    await receives(alice, '* bob has left\n')
    const next = await served(Number(port))
    next.write('next\n')
    await receives(alice, '* next has joined\n')
    const ended = server.kill('SIGINT').ended()
    for (const peer of [alice, next]) {
      await peer.finish()
      peer.end()
    }

    expect([third.text, third.errors]).toEqual(['', []])
    expect(server.stdout).toContain(`127.0.0.1:${third.socket.localPort} was turned away: connections\n`)
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(server.stderr).toBe('')
  })
})

describe('printable', () => {
  it('removes line ends, escape codes, and what has no glyph', () => {
    const line = Buffer.from('\x1b[2J\u202ea\u200bb\ufe0f\u3164\u2028\u00e9 \u{1f600}\r\n')

    expect(printable(line)).toBe('[2Jab\u00e9 \u{1f600}')
  })
})

describe('the room of the chat', () => {
  it('makes a member that floods wait for the slowest reader, delays no other, and drops none', async () => {
    const [during, ofLate] = await inTheRoom(function* ({ listener, quiet, late, flooder }) {
      yield* spawn(flood, flooder)
      yield* sleep(1000)
      yield* quiet.sendall('hello?\n')
      const during = yield* timeout(100, textUpTo(listener, 'quiet: hello?\n'))
      const [ofLate] = yield* all([late, listener].map((conn) => textUpTo(conn, 'flooder: the end\n')))
      return [during, ofLate]
    })

    expect(during).toContain('flooder: xxx')
    expect(during).not.toContain('flooder: the end')
    expect(ofLate?.split('flooder: ')).toHaveLength(LINES + 2)
    expect(ofLate).toContain('quiet: hello?\n')
  })

  it('drops a member that takes nothing for five to ten seconds, and tells the others', async () => {
    const [ms, after] = await inTheRoom(function* ({ listener, flooder }) {
      yield* spawn(flood, flooder)
      yield* textUpTo(listener, '* late was dropped: too slow\n')
      const ms = now()
      return [ms, yield* textUpTo(listener, 'flooder: the end\n')]
    })

    expect(ms).toBeGreaterThan(5000)
    expect(ms).toBeLessThan(11_000)
    expect(after).toContain('flooder: xxx')
  })
})

/** Runs a program in a simulation, with four members in a room, who read only in this program. */
async function inTheRoom<T>(program: (members: Members) => Coroutine<T>): Promise<T> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  const room = new Room()
  try {
    return await simulate(function* () {
      yield* spawn(server('', 4916, (conn) => room.stay(conn), { idle: 'reader' }))
      const members: Partial<Record<keyof Members, Connection>> = {}
      for (const name of ['listener', 'quiet', 'late', 'flooder'] as const) {
        const conn = yield* connect('localhost', 4916)
        yield* conn.sendall(`${name}\n`)
        yield* conn.readuntil('Your name: ')
        members[name] = conn
      }
      const value = yield* program(members as Members) // They have all joined.
      for (const conn of Object.values(members)) conn.close()
      return value
    })
  } finally {
    log.mockRestore()
  }
}

type Members = Readonly<Record<'listener' | 'quiet' | 'late' | 'flooder', Connection>>

function* flood(conn: Connection): Coroutine<void> {
  yield* conn.sendall(`${LINE.repeat(LINES)}the end\n`)
}

function* textUpTo(conn: Connection, end: string): Coroutine<string> {
  return String(yield* conn.readuntil(end, { limit: 1e6 }))
}

/** Reconnects until it is admitted. */
async function served(port: number): Promise<Peer> {
  while (true) {
    const peer = await dial(port)
    peer.read()
    await peer.until('a word, or the end', () => peer.length > 0 || peer.ended || peer.errors.length > 0)
    if (peer.length > 0) return peer
  }
}
