// Errors of the system's own calls, which no client can bring about.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { Injection, whyNoInjection } from './injection.js'
import { answered, answers, LineClient, Pings } from './pings.js'
import { type ServerProcess, startServer } from './server-process.js'

leavesNothingRunning()

const skipped = whyNoInjection()

const CLIENTS = 10
/** Each of them, how often in a row, and how many clients may then not be served. */
const ACCEPTS = [
  ...['ECONNABORTED', 'EPROTO', 'ENOBUFS', 'ENOMEM', 'EINTR', 'EAGAIN'].map((error) => ({
    error,
    times: 2,
    most: 0,
  })),
  // For want of descriptors libuv drops who waits, and tells nobody: it gives up a spare one to accept and close them.
  { error: 'EMFILE', times: 1, most: CLIENTS },
  { error: 'ENFILE', times: 1, most: CLIENTS },
  // Not even that works.
  { error: 'EMFILE', times: 2, most: CLIENTS },
] as const

const BROKEN = ['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETDOWN']
const PASSING = ['EINTR', 'EAGAIN']

describe.skipIf(skipped)(named('an error of the system', skipped), () => {
  it('in accept4 ends nothing: the server goes on', async () => {
    const server = await startServer()
    const pings = new Pings(server.port)
    const outcomes: string[] = []
    let [tried, lost, tooMany] = [0, 0, 0]

    for (const { error, times, most } of ACCEPTS) {
      const injection = await Injection.begin(server.pid, { calls: 'accept4', error, times })
      const came = await answered(server.port, CLIENTS, CLIENTS)
      const injected = await injection.end()
      const later = await answered(server.port, CLIENTS)
      tried += injected
      lost += CLIENTS - came
      if (CLIENTS - came > most || injected !== times || later < CLIENTS) tooMany++
      outcomes.push(`${error} x ${times} ${CLIENTS - came}`)
    }
    await pings.stop()
    const report = await server.quiet().then(() => server.report())

    record({
      what: 'errors of accept4',
      tried,
      failed: lost,
      detail: `injected by strace; lost are clients of ${ACCEPTS.length * CLIENTS} that came just then and were not served: ${outcomes.join(', ')}`,
    })
    expect({ outcomes, tooMany }).toEqual({ outcomes, tooMany: 0 })
    expect(pings.lost).toBe(0)
    expect(report.reported.total).toBe(0)
    expect(server.program).toMatchObject({ exit: null, stderr: '' })
  })

  it.each([
    { direction: 'read', calls: 'read,readv,recvmsg,recvfrom', broken: BROKEN, passing: PASSING },
    {
      direction: 'write',
      calls: 'write,writev,sendmsg,sendto',
      broken: BROKEN,
      passing: [...PASSING, 'ENOBUFS'],
    },
  ])(
    'in $direction ends one connection at the most, quietly',
    async ({ direction, calls, broken, passing }) => {
      const server = await startServer()
      const pings = new Pings(server.port)
      await answers(server.port)
      const outcomes: Record<string, string | null> = {}
      let [injected, dead] = [0, 0]

      for (const error of [...broken, ...passing]) {
        const [client, socket] = await clientAndSocket(server)
        const injection = await Injection.begin(server.pid, { calls, error, times: 1, socket })
        outcomes[error] = await client.ask('ping').catch(() => 'silence')
        injected += await injection.end()
        client.close()
        if (!(await answers(server.port))) dead++
      }
      await pings.stop()
      const report = await server.quiet().then(() => server.report())

      record({
        what: `errors of ${direction}`,
        tried: injected,
        failed: dead + pings.lost,
        detail: `injected by strace into one connection each: ${broken.join(', ')} end it, ${passing.join(', ')} do not; lost are others without an answer`,
      })
      const expected = [...broken.map((error) => [error, null]), ...passing.map((error) => [error, 'pong'])]
      expect(outcomes).toEqual(Object.fromEntries(expected))
      expect(injected).toBe(broken.length + passing.length)
      expect([dead, pings.lost]).toEqual([0, 0])
      expect(report).toMatchObject({ reported: { total: 0 }, counts: { failed: 0 } })
      expect(server.program).toMatchObject({ exit: null, stderr: '' })
    },
  )
})

/** A client that is being served, and the server's socket for it. */
async function clientAndSocket(server: ServerProcess): Promise<[LineClient, string]> {
  await new Promise((resolve) => setTimeout(resolve, 50))
  const before = new Set(server.sockets())
  const client = await LineClient.connect(server.port)
  await client.ask('ping')
  const [socket] = server.sockets().filter((socket) => !before.has(socket))
  return [client, socket!]
}

/** A test that is skipped says why. */
function named(name: string, why: string | null): string {
  return why === null ? name : `${name} (skipped: ${why})`
}
