// Errors of the system calls that receive and send datagrams: each is an error of one operation,
// and the socket goes on.
import { createSocket, type Socket } from 'node:dgram'
import { afterEach, describe, expect, it } from 'vitest'
import { leavesNothingRunning, named, start, typeScript } from '../support/program.js'
import { Injection, whyNoInjection } from './injection.js'
import { reachedIn } from './patience.js'

leavesNothingRunning()

const skipped = whyNoInjection()

const ERRORS = ['ENOMEM', 'ENETUNREACH', 'EHOSTUNREACH', 'EPERM', 'ECONNREFUSED']
/** After these the call is repeated, or waits. */
const PASSING = ['EINTR', 'EAGAIN']

/** How long a call that must fail may take. */
const PATIENCE_MS = 5000

let client: Socket | null = null

afterEach(() => {
  client?.close()
  client = null
})

describe.skipIf(skipped)(named('an error of a datagram', skipped), () => {
  it.each([
    { operation: 'recv', calls: 'recvmmsg,recvmsg,recvfrom' },
    { operation: 'send', calls: 'sendmmsg,sendmsg,sendto' },
  ])('in $operation is one of that operation, and the socket goes on', async ({ operation, calls }) => {
    const [command, args] = typeScript('test/faults/fixtures/datagrams.ts')
    const server = start(command, args, {}, { channel: true })
    const { port, pid } = (await server.told(20_000)) as { port: number; pid: number }
    const echoes = new Set<string>()
    const socket = createSocket('udp4', (data) => echoes.add(String(data)))
    client = socket
    /** Sends again and again until the echo comes: the answer to a call that failed does not. */
    const echoed = (text: string): Promise<boolean> =>
      reachedIn(PATIENCE_MS, () => {
        socket.send(text, port, '127.0.0.1')
        return echoes.has(text)
      })
    expect(await echoed('begin')).toBe(true)
    const outcomes: Record<string, unknown> = {}

    for (const error of [...ERRORS, ...PASSING]) {
      await server.ask('errors')
      const injection = await Injection.begin(pid, { calls, error, times: 1 })
      socket.send(`first ${error}`, port, '127.0.0.1')
      await reachedIn(PATIENCE_MS, () => injection.count > 0)
      const next = await echoed(`next ${error}`)
      // libuv has two calls that send, and each fails once.
      const injected = (await injection.end()) > 0
      const later = await echoed(`later ${error}`)
      outcomes[error] = [injected, next, later, ...((await server.ask('errors')) as string[])]
    }

    expect(outcomes).toEqual(
      Object.fromEntries([
        ...ERRORS.map((error) => [error, [true, true, true, `${operation} ${error}`]]),
        ...PASSING.map((error) => [error, [true, true, true]]),
      ]),
    )
    expect(server).toMatchObject({ exit: null, stderr: '' })
  })
})
