// examples/echo.ts as a process, with common clients.
import os from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { destroyPeers, dial } from '../support/peer.js'
import {
  fromSources,
  leavesNothingRunning,
  named,
  start,
  startServing,
  startTypeScript,
} from '../support/program.js'
import { noNetcat, noPython, PYTHON_CLIENT, unserved } from './echo-clients.js'

leavesNothingRunning()

afterEach(destroyPeers)

/** A run of the example takes most of a second, and longer on a busy machine. */
const MAX_MS = 30_000

const example = 'examples/echo.ts'

const addresses = Object.values(os.networkInterfaces()).flatMap((list) => list ?? [])
const noIPv6 = addresses.some(({ address }) => address === '::1') ? null : 'this machine has no ::1'

/** Sends what it can, reads nothing, and waits to be killed. */
const STUCK_CLIENT = `
import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.settimeout(0.2)
try:
    while True:
        s.send(b"x" * 65536)
except socket.timeout:
    print("stuck", flush=True)
time.sleep(60)
`

describe(example, { timeout: MAX_MS }, () => {
  it('prints how to talk to it', async () => {
    const { server, port } = await startServing(example)

    expect(server.stdout).toBe(`echo server on port ${port}; try: nc 127.0.0.1 ${port}   (Ctrl+C ends it)\n`)
  })

  it('runs from the sources, as with pnpm start', async () => {
    const server = start(...fromSources(example), { PORT: '0' })

    const [, port] = await server.printed(/on port (\d+)/)
    await talkTo(port!)

    expect(server.stderr).toBe('')
  })

  it('echoes to every client, one after another', async () => {
    const { port } = await startServing(example)

    expect(await unserved(port)).toEqual([])
  })

  it.skipIf(noIPv6)(named('echoes to Node sockets over IPv4 and IPv6', noIPv6), async () => {
    const { port } = await startServing(example)
    const text = 'x'.repeat(100_000)

    const replies = []
    for (const host of ['127.0.0.1', '::1']) {
      const peer = await dial(Number(port), host)
      peer.write(text).end()
      await peer.finish()
      replies.push(peer.text === text)
    }

    expect(replies).toEqual([true, true])
  })

  it.skipIf(noNetcat ?? noPython)(
    named('talks to several clients at once', noNetcat ?? noPython),
    async () => {
      const { port } = await startServing(example)
      const waiting = start('nc', ['127.0.0.1', port]).write('first\n')
      await waiting.printed(/first\n/)

      const clients = [
        start('python3', ['-c', PYTHON_CLIENT, port]),
        start('python3', ['-c', PYTHON_CLIENT, port]),
      ]
      const peer = await dial(Number(port))
      peer.write('third\n').end()
      await peer.finish()
      for (const client of clients) await client.ended()
      waiting.write('last\n')
      await waiting.printed(/last\n/)

      expect(peer.text).toBe('third\n')
      expect(clients.map(({ stdout }) => stdout)).toEqual(['True\n', 'True\n'])
      expect(waiting.stdout).toBe('first\nlast\n')
    },
  )

  it.skipIf(noPython)(
    named('goes on without a message when a client that reads nothing is killed', noPython),
    async () => {
      const { server, port } = await startServing(example)
      const stuck = start('python3', ['-c', STUCK_CLIENT, port])
      await stuck.printed(/stuck/)

      await stuck.kill('SIGKILL').ended()
      const peer = await dial(Number(port))
      peer.write('still there?\n').end()
      await peer.finish()

      expect(peer.text).toBe('still there?\n')
      expect(server.stderr).toBe('')
    },
  )

  it('goes on without a message when a client resets', async () => {
    const { server, port } = await startServing(example)
    const resetting = await dial(Number(port))
    resetting.write('x'.repeat(100_000))
    await resetting.reset()

    const peer = await dial(Number(port))
    peer.write('still there?\n').end()
    await peer.finish()

    expect(peer.text).toBe('still there?\n')
    expect(server.stderr).toBe('')
  })

  it('ends on Ctrl+C, with or without a client', async () => {
    const { server, port } = await startServing(example)
    await talkTo(port)

    const exit = await server.kill('SIGINT').ended()

    expect(exit).toEqual({ code: 0, signal: null })
    expect(server.stderr).toBe('')
  })

  it('leaves the port to the next server', async () => {
    const { server, port } = await startServing(example)
    await talkTo(port)
    await server.kill('SIGINT').ended()

    const next = startTypeScript(example, { PORT: port })
    const [, itsPort] = await next.printed(/on port (\d+)/)

    expect(itsPort).toBe(port)
  })

  it('reports a port in use, and exits with 1', async () => {
    const { port } = await startServing(example)

    const second = startTypeScript(example, { PORT: port })
    const exit = await second.ended()

    expect(exit).toEqual({ code: 1, signal: null })
    expect(second.stderr).toContain(`cannot listen on port ${port} of every address: the port is in use`)
  })
})

/** A client that has had an answer, and leaves with the server. */
async function talkTo(port: string): Promise<void> {
  const peer = (await dial(Number(port))).write('x').read()
  peer.socket.on('end', () => peer.socket.end())
  await peer.until('the echo', () => peer.length === 1)
}
