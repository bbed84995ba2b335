// Unix sockets with the programs that people use: curl, nc, socat, Python and systemd's own.
import { closeSync } from 'node:fs'
import { connect, listen, server } from '@bluelet/net'
import { all, kill, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import {
  leavesNothingRunning,
  missing,
  named,
  type Program,
  start,
  typeScript,
} from '../../support/program.js'
import { isBuilt } from '../native/binary.js'
import { WORLDS } from '../server/each-driver.js'
import { play } from '../world.js'
import { inherited } from './inherited.js'
import { hasAbstractNames, socketPath } from './paths.js'

const REAL = WORLDS.filter(({ name }) => name !== 'simulated')
const noCurl = missing('curl', ['--version'])
const noNc = missing('nc', ['-h'])
const noSocat = missing('socat', ['-V'])
const noPython = missing('python3', ['--version'])
const noActivate = missing('systemd-socket-activate', ['--version'])
const NO_ABSTRACT = 'Node has abstract names since 22'
const noNative = isBuilt ? null : 'the native part is not built'

/** Sends a part of a line with a descriptor, and the rest before either is read. */
const PASSING = `
import array, socket, sys
one = socket.socket(socket.AF_UNIX)
one.connect(sys.argv[1])
one.sendmsg([b'a line in '], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [1]))])
one.sendall(b'two parts\\n')
print(one.recv(100).decode(), end='')
`

leavesNothingRunning()

/** Runs a client of a server that answers each line, and gives what the client prints. */
function lineServed(driver: object, path: string, client: () => Program): Promise<string> {
  return play(function* () {
    const program = yield* serving(driver, path)
    const started = client()
    yield started.ended()
    yield* kill(program)
    return started.stdout
  })
}

/** Starts a server that answers a line of a web client or of any other. */
function* serving(driver: object, path: string) {
  const listener = yield* listen({ path }, driver)
  return yield* spawn(
    server(
      listener,
      function* (conn) {
        const line = String(yield* conn.readline())
        if (!line.startsWith('GET ')) yield* conn.sendall(`served: ${line}`)
        else yield* conn.sendall('HTTP/1.0 200 OK\r\n\r\nserved by HTTP\n')
      },
      { signals: false },
    ),
  )
}

describe.each(REAL)('Unix sockets and real programs (%s)', ({ name, driver }) => {
  const noAbstract = hasAbstractNames(name) ? null : NO_ABSTRACT
  const abstract = `bluelet-${process.pid}-${name}`

  it.skipIf(noCurl)(named('serve curl', noCurl), async () => {
    const path = socketPath()

    const text = await lineServed(driver, path, () =>
      start('curl', ['-s', '--unix-socket', path, 'http://x/']),
    )

    expect(text).toBe('served by HTTP\n')
  })

  it.skipIf(noCurl ?? noAbstract)(named('serve curl at an abstract name', noCurl ?? noAbstract), async () => {
    const text = await lineServed(driver, `@${abstract}`, () =>
      start('curl', ['-s', '--abstract-unix-socket', abstract, 'http://x/']),
    )

    expect(text).toBe('served by HTTP\n')
  })

  it.skipIf(noNc)(named('serve nc', noNc), async () => {
    const path = socketPath()

    const text = await lineServed(driver, path, () => start('nc', ['-U', '-N', path]).write('a line\n').end())

    expect(text).toBe('served: a line\n')
  })

  it.skipIf(noSocat)(named('serve socat', noSocat), async () => {
    const path = socketPath()

    const text = await lineServed(driver, path, () =>
      start('socat', ['-', `UNIX-CONNECT:${path}`])
        .write('one\n')
        .end(),
    )

    expect(text).toBe('served: one\n')
  })

  it.skipIf(noSocat ?? noAbstract)(
    named('serve socat at an abstract name', noSocat ?? noAbstract),
    async () => {
      const text = await lineServed(driver, `@${abstract}`, () =>
        start('socat', ['-', `ABSTRACT-CONNECT:${abstract}`])
          .write('two\n')
          .end(),
      )

      expect(text).toBe('served: two\n')
    },
  )

  it.skipIf(noPython)(named('lose nothing to a client that passes a descriptor', noPython), async () => {
    const path = socketPath()

    const text = await lineServed(driver, path, () => start('python3', ['-c', PASSING, path]))

    expect(text).toBe('served: a line in two parts\n')
  })

  it.skipIf(noNc)(named('are clients of nc', noNc), async () => {
    const path = socketPath()
    const nc = start('nc', ['-l', '-U', '-v', path])
    await nc.ready(/Listening on/)

    await play(function* () {
      const conn = yield* connect({ path }, driver)
      yield* conn.sendall('from us\n')
      conn.close()
      yield* conn.whenClosed()
    })
    await nc.ended()

    expect(nc.stdout).toBe('from us\n')
  })

  it.skipIf(noSocat)(named('are clients of socat, and tell its process on epoll', noSocat), async () => {
    const path = socketPath()
    const socat = start('socat', ['-d', '-d', `UNIX-LISTEN:${path}`, 'EXEC:cat'])
    await socat.ready(/listening on/)

    const { text, peer } = await play(function* () {
      const conn = yield* connect({ path }, driver)
      yield* conn.sendall('back and forth')
      conn.shutdown()
      const { peer } = conn
      const text = String(yield* conn.readall())
      conn.close()
      return { text, peer }
    })

    expect(text).toBe('back and forth')
    expect(peer?.pid).toBe(name === 'epoll' ? socat.child.pid : undefined)
  })

  it.skipIf(noActivate ?? noNc)(
    named('are handed over by systemd-socket-activate', noActivate ?? noNc),
    async () => {
      const path = socketPath()
      const [node, args] = typeScript('examples/socket-activation.ts')
      const manager = start('systemd-socket-activate', ['-l', path, '--fdname=echo', node, ...args], {
        BLUELET_DRIVER: name,
      })
      await manager.ready(/Listening on/)

      const nc = start('nc', ['-U', '-N', path]).write('activated\n').end()
      await manager.printed(/^echo server on the socket echo: unix:/)
      await nc.ended()
      const exit = await manager.kill('SIGTERM').ended()

      expect(nc.stdout).toBe('activated\n')
      expect(exit).toEqual({ code: 0, signal: null })
    },
  )

  it.skipIf(noNative)(
    named('are handed over without a refused client, while clients keep coming', noNative),
    async () => {
      const path = socketPath()
      const fd = inherited(path)
      const [node, args] = typeScript('examples/socket-activation.ts')
      const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
      const next = () =>
        start('sh', ['-c', script, 'sh', node, ...args], { BLUELET_DRIVER: name }, { inherits: [fd] })

      const { replies, exits } = await play(
        function* () {
          let over = false
          const replies: string[] = []
          const clients = yield* spawn(function* () {
            while (!over) {
              const conn = yield* connect({ path }, driver)
              yield* conn.sendall('hello')
              conn.shutdown()
              replies.push(String(yield* conn.readall()))
              conn.close()
            }
          })
          const exits: (number | null)[] = []
          let server = next()
          yield server.printed(/echo server/)
          for (let i = 0; i < 2; i++) {
            const successor = next()
            yield successor.printed(/echo server/)
            exits.push(((yield server.kill('SIGTERM').ended()) as { code: number | null }).code)
            server = successor
          }
          over = true
          yield* all([clients])
          exits.push(((yield server.kill('SIGTERM').ended()) as { code: number | null }).code)
          return { replies, exits }
        },
        { signal: AbortSignal.timeout(25_000) },
      )
      closeSync(fd)

      expect(exits).toEqual([0, 0, 0])
      expect(replies.length).toBeGreaterThan(10)
      expect(new Set(replies)).toEqual(new Set(['hello']))
    },
    30_000,
  )
})
