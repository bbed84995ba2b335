// examples/socket-activation.ts as a process, started as systemd does, with nc as the client.
import { closeSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isBuilt } from '../net/native/binary.js'
import { inherited, portOf } from '../net/unix/inherited.js'
import {
  leavesNothingRunning,
  missing,
  named,
  type Program,
  start,
  startServing,
  typeScript,
} from '../support/program.js'

const EXAMPLE = 'examples/socket-activation.ts'
const noNc = missing('nc', ['-h'])
const noNative = isBuilt ? null : 'the native part is not built'

leavesNothingRunning()

/** Sends a line by nc, and gives what comes back. */
async function echoed(port: number | string, line: string): Promise<string> {
  const nc = start('nc', ['-N', '127.0.0.1', String(port)])
  nc.write(line).end()
  await nc.ended()
  return nc.stdout
}

/** Starts the example with a descriptor: only the process itself knows its id. */
function activated(fd: number, idleMs: number): Program {
  const [node, args] = typeScript(EXAMPLE)
  const script = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=echo exec "$@"'
  return start('sh', ['-c', script, 'sh', node, ...args], { IDLE_MS: String(idleMs) }, { inherits: [fd] })
}

describe(EXAMPLE, { timeout: 30_000 }, () => {
  it.skipIf(noNc ?? noNative)(
    named('serves the socket that it is given, and its successor the clients that wait', noNc ?? noNative),
    async () => {
      const fd = inherited()
      const port = portOf(fd)

      const first = activated(fd, 60_000)
      await first.printed(/^echo server on the socket echo: 127\.0\.0\.1:\d+\n/)
      const one = await echoed(port, 'to the first\n')
      const exit = await first.kill('SIGTERM').ended()
      const waiting = echoed(port, 'to the second\n')
      const second = activated(fd, 50)
      const two = await waiting
      const idle = await second.ended()
      closeSync(fd)

      expect([one, two]).toEqual(['to the first\n', 'to the second\n'])
      expect([exit, idle]).toEqual([
        { code: 0, signal: null },
        { code: 0, signal: null },
      ])
    },
  )

  it.skipIf(noNc)(named('listens on a port of its own without a manager', noNc), async () => {
    const { server, port } = await startServing('examples/socket-activation.ts')

    const text = await echoed(port, 'hello\n')
    await server.kill('SIGTERM').ended()

    expect(text).toBe('hello\n')
  })
})
