// The servers of examples/zen as processes, each tested in the same way, and their client.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { commandLine } from '../../examples/zen/zen.js'
import { epollDriver } from '../../packages/net/src/drivers/epoll/driver.js'
import { destroyPeers, dial, type Peer } from '../support/peer.js'
import { missing, named, type Program, start, typeScript } from '../support/program.js'

afterEach(destroyPeers)

/** A start takes most of a second, and longer on a busy machine. */
const MAX_MS = 30_000

const noPython = missing('python3', ['--version'])
const noEpoll = epollDriver() instanceof Error ? 'the epoll driver is not available here' : null

const CLIENTS = 50
const UNKNOWN = 'Error: unknown aphorism.'

/** A client in Python, whose questions end with a question mark; prints the answers. */
const PYTHON_CLIENT = `
import socket, sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=8) as sock:
    for question in b"Simple is better than?", b"Beautiful is better than?", b"Explicit is better than?":
        sock.sendall(question)
        answer = b""
        while not answer.endswith(b"."):
            answer += sock.recv(4096) or exit("closed")
        print(question, answer)
`

/**
 * Asks until the server stops reading, and reads the answers on request. Its receive buffer is
 * small.
 */
const GREEDY_CLIENT = `
import socket, sys

with socket.socket() as sock:
    for option in socket.SO_RCVBUF, socket.SO_SNDBUF:
        sock.setsockopt(socket.SOL_SOCKET, option, 4096)
    sock.connect(("127.0.0.1", int(sys.argv[1])))
    sock.settimeout(0.3)
    asked = 0
    try:
        while asked < 8_000_000:
            asked += sock.send(b"?" * 16384)
        print("never stuck", flush=True)
    except socket.timeout:
        print("stuck", flush=True)
    input()
    sock.settimeout(8)
    sock.shutdown(socket.SHUT_WR)
    received = 0
    while data := sock.recv(65536):
        received += len(data)
    print(received / asked)
`

interface Sample {
  readonly file: string
  /** The module that the example uses. */
  readonly module?: string
  readonly driver?: string
  /** Why it is skipped. */
  readonly reason?: string | null
  /**
   * What it prints about a client that resets; null if it prints nothing, since `server` handles
   * that.
   */
  readonly word: string | null
  /**
   * Whether it is tested with a client that does not read, which takes most of a second; by default
   * true.
   */
  readonly patience?: boolean
}

const POLL: Sample = {
  file: 'examples/zen/poll.ts',
  module: 'examples/zen/readiness.ts',
  word: 'the peer has disconnected (ECONNRESET)',
}

const SAMPLES: readonly Sample[] = [
  { ...POLL, driver: 'node', patience: noEpoll !== null },
  { ...POLL, driver: 'epoll', reason: noEpoll },
  { file: 'examples/zen/callbacks.ts', word: 'read ECONNRESET' },
  { file: 'examples/zen/coroutine.ts', module: 'examples/zen/streams.ts', word: null },
  { file: 'examples/zen/generator.ts', word: null, patience: false },
]

for (const { file, module, driver, reason = null, word, patience = true } of SAMPLES) {
  const title = [file, module, driver].filter((name) => name !== undefined).join(', ')

  describe.skipIf(reason !== null)(named(title, reason), { timeout: MAX_MS }, () => {
    let server: Program
    let port: number

    beforeAll(async () => {
      server = zen(file, ['127.0.0.1', '-p', '0'], driver === undefined ? {} : { BLUELET_DRIVER: driver })
      const [, printed] = await server.printed(/^Listening at 127\.0\.0\.1:(\d+)\n/)
      port = Number(printed)
    }, MAX_MS)

    afterAll(() => {
      server.kill('SIGKILL')
    })

    /** A client, and the name that the server prints for it. */
    async function client(): Promise<{ peer: Peer; name: string }> {
      const peer = await dial(port)
      return { peer, name: `127.0.0.1:${peer.socket.localPort}` }
    }

    async function prints(line: string): Promise<void> {
      await server.printed(new RegExp(`^${line.replaceAll(/[.?()]/g, '\\$&')}$`, 'm'))
    }

    /**
     * Waits until earlier data has been received, since a later client has been answered, twice.
     */
    async function passed(): Promise<void> {
      const later = await dial(port)
      await answered(later.write('?'), UNKNOWN)
      await answered(later.write('?'), UNKNOWN + UNKNOWN)
      later.end()
    }

    it('answers one question after another, and prints which clients connected and left', async () => {
      const { peer, name } = await client()

      await answered(peer.write('Beautiful is better than?'), 'Ugly.')
      await answered(peer.write('Explicit is better than?'), 'Ugly.Implicit.')
      await answered(peer.write('Simple is better than?'), 'Ugly.Implicit.Complex.')
      await answered(peer.write('Flat is better than?'), `Ugly.Implicit.Complex.${UNKNOWN}`)
      await prints(`Accepted connection from ${name}`)
      peer.end()
      await peer.finish()

      await prints(`Client ${name} closed socket normally`)
      expect(peer.errors).toEqual([])
    })

    it('answers questions that arrive in pieces, even cut within a character', async () => {
      const peer = await dial(port)
      const question = Buffer.from('Être is better than?')

      for (const piece of ['Beautiful is', ' better than', question.subarray(0, 1), question.subarray(1)]) {
        // The first two pieces are a question without its end.
        peer.write(piece)
        await passed()
        if (piece === ' better than') peer.write('?')
      }
      await answered(peer, `Ugly.${UNKNOWN}`)
      for (const byte of 'Simple is better than?') peer.write(byte)

      await answered(peer, `Ugly.${UNKNOWN}Complex.`)
    })

    it('answers several questions in one packet, and keeps the start of the next', async () => {
      const peer = await dial(port)

      await answered(
        peer.write('Simple is better than?Explicit is better than??Beautiful is'),
        `Complex.Implicit.${UNKNOWN}`,
      )
      await answered(peer.write(' better than?'), `Complex.Implicit.${UNKNOWN}Ugly.`)
    })

    it('answers a client that has already ended its side', async () => {
      const { peer, name } = await client()

      peer.write('Simple is better than?').end()
      await peer.finish()

      expect([peer.text, peer.errors]).toEqual(['Complex.', []])
      await prints(`Client ${name} closed socket normally`)
    })

    it('prints what a client sent that disconnects during a question', async () => {
      const { peer, name } = await client()

      peer.write("Simple is better than?What's").end()
      await peer.finish()

      expect(peer.text).toBe('Complex.')
      await prints(`Client ${name} sent "What's" but then closed`)
    })

    it('goes on when a client resets', async () => {
      const before = server.stderr
      const { peer, name } = await client()
      await answered(peer.write('Simple is better than?Beautiful'), 'Complex.')

      await peer.reset()
      await passed()

      if (word !== null) await prints(`Client ${name} error: ${word}`)
      expect(server.stderr).toBe(before)
    })

    it('goes on when a question never ends, and stops reading it', async () => {
      const peer = await dial(port)

      peer.read().write('x'.repeat(100_000))
      await peer.until('its end', () => peer.ended || peer.errors.length > 0)

      expect(peer.text).toBe('')
      await passed()
    })

    if (patience) {
      it.skipIf(noPython)(
        named(
          'stops reading from a client that does not read its answers, and serves others meanwhile',
          noPython,
        ),
        async () => {
          const greedy = start('python3', ['-c', GREEDY_CLIENT, String(port)])

          await greedy.printed(/\n/)
          await passed()
          await greedy.write('\n').ended()

          expect([greedy.stdout, greedy.stderr]).toEqual([`stuck\n${UNKNOWN.length}.0\n`, ''])
        },
      )
    }

    it('talks to many clients at once', async () => {
      const clients = await Promise.all(Array.from({ length: CLIENTS }, client))
      const peers = clients.map(({ peer }) => peer)

      for (const peer of peers) peer.write('Beautiful is better')
      await passed()
      for (const peer of [...peers].reverse()) peer.write(' than?Explicit is')
      await Promise.all(peers.map((peer) => answered(peer, 'Ugly.')))
      for (const peer of peers) peer.write(' better than?')
      await Promise.all(peers.map((peer) => answered(peer, 'Ugly.Implicit.')))
      for (const peer of peers) peer.end()

      for (const { name } of clients) await prints(`Client ${name} closed socket normally`)
    })

    it.skipIf(noPython)(named('answers a Python client', noPython), async () => {
      const python = start('python3', ['-c', PYTHON_CLIENT, String(port)])

      await python.ended()

      expect(python.stderr).toBe('')
      expect(python.stdout.split('\n')).toEqual([
        "b'Simple is better than?' b'Complex.'",
        "b'Beautiful is better than?' b'Ugly.'",
        "b'Explicit is better than?' b'Implicit.'",
        '',
      ])
    })

    // One server is enough for the client of the example, whose start takes as long again.
    if (file === 'examples/zen/generator.ts')
      describe('examples/zen/client.ts', () => {
        it('asks three questions and prints the answers', async () => {
          const ours = zen('examples/zen/client.ts', ['127.0.0.1', '-p', String(port)])

          const exit = await ours.ended()

          expect(exit).toEqual({ code: 0, signal: null })
          expect(ours.stdout.split('\n')).toEqual([
            'Beautiful is better than? Ugly.',
            'Explicit is better than? Implicit.',
            'Simple is better than? Complex.',
            '',
          ])
        })

        it('disconnects during a question with -e', async () => {
          const ours = zen('examples/zen/client.ts', ['-e', '127.0.0.1', '-p', String(port)])

          const exit = await ours.ended()
          await server.printed(/sent 'Beautiful is better than' but then closed\n/)

          expect(exit).toEqual({ code: 0, signal: null })
          expect(ours.stdout).toBe('')
        })
      })

    it('ends on Ctrl+C, and ends its connections', async () => {
      const before = server.stderr
      const peer = await dial(port)
      await answered(peer.write('Simple is better than?'), 'Complex.')

      const ended = server.kill('SIGINT').ended()
      await peer.finish()
      peer.end()

      expect(await ended).toEqual({ code: 0, signal: null })
      expect([peer.text, peer.ended, peer.errors]).toEqual(['Complex.', true, []])
      expect(server.stderr).toBe(before)
    })
  })
}

describe("the command line of 'examples/zen/zen.ts'", () => {
  const { argv } = process

  afterEach(() => {
    process.argv = argv
    vi.restoreAllMocks()
  })

  it.each([
    { args: ['localhost'], port: 1060, hangUp: false },
    { args: ['localhost', '-p', '7'], port: 7, hangUp: false },
    { args: ['-e', '-p7', 'localhost'], port: 7, hangUp: true },
  ])('accepts $args', ({ args, port, hangUp }) => {
    process.argv = ['node', 'client.ts', ...args]

    expect(commandLine()).toEqual({ host: 'localhost', port, hangUp })
  })

  it.each([
    { args: [], reason: 'give one HOST' },
    { args: ['a', 'b'], reason: 'give one HOST' },
    { args: ['a', '-p', 'b'], reason: "give a number as PORT, not 'b'" },
    { args: ['a', '-p'], reason: "Option '-p, --p <value>' argument missing" },
    { args: ['a', '-x'], reason: "Unknown option '-x'" },
  ])('prints its usage for $args, and exits with 2', ({ args, reason }) => {
    process.argv = ['node', 'client.ts', ...args]
    const print = vi.spyOn(console, 'error').mockReturnValue()
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never)

    commandLine()

    expect(exit).toHaveBeenCalledWith(2)
    expect(print.mock.calls.join()).toContain(reason)
    expect(print.mock.calls.join()).toContain('HOST [-p PORT]')
  })
})

/** Waits until a client has received a text. */
async function answered(peer: Peer, text: string): Promise<void> {
  peer.read()
  await peer.until(text, () => peer.length >= text.length)
  expect(peer.text).toBe(text)
}

function zen(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  return start(...typeScript(file, args), env)
}
