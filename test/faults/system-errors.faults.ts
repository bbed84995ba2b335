// Errors of system calls, which no client can cause.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning, named } from '../support/program.js'
import { driver } from './driver.js'
import { Injection, whyNoInjection } from './injection.js'
import { reachedIn } from './patience.js'
import { answered, answers, LineClient, Pings } from './pings.js'
import { type ServerProcess, startServer } from './server-process.js'

leavesNothingRunning()

const skipped = whyNoInjection()

const CLIENTS = 10
/**
 * Each error, and how often it occurs in a row. Without descriptors libuv retries with a spare one.
 */
const ACCEPTS = [
  ...['ECONNABORTED', 'EPROTO', 'ENOBUFS', 'ENOMEM', 'EINTR'].map((error) => ({ error, times: 2 })),
  { error: 'EAGAIN', times: 1 },
  { error: 'EMFILE', times: 1 },
  { error: 'ENFILE', times: 1 },
  { error: 'EMFILE', times: 2 },
]

const BROKEN = ['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETDOWN']

/** How long a call that must fail may take. */
const PATIENCE_MS = 5000

describe.skipIf(skipped)(named('a system error', skipped), () => {
  it('in accept4 ends nothing, and the server goes on', async () => {
    const server = await startServer()
    const pings = new Pings(server.port)
    const outcomes: string[] = []
    let [lost, tooMany] = [0, 0]

    for (const { error, times } of ACCEPTS) {
      const injection = await Injection.begin(server.pid, { calls: 'accept4', error, times })
      const coming = answered(server.port, CLIENTS, CLIENTS)
      await reachedIn(PATIENCE_MS, () => injection.count === times)
      // The EAGAIN is false, which an edge-triggered driver notices at the next event.
      const next = await answers(server.port)
      const came = await coming
      const injected = await injection.end()
      const later = await answered(server.port, CLIENTS)
      lost += CLIENTS - came
      if (CLIENTS - came > (driver.loses.includes(error) ? CLIENTS : 0)) tooMany++
      if (!next || injected !== times || later < CLIENTS) tooMany++
      outcomes.push(`${error} x ${times} ${CLIENTS - came}`)
    }
    await pings.stop()
    const report = await server.quiet().then(() => server.report())

    record({
      what: 'clients that connect while accept4 fails',
      tried: ACCEPTS.length * CLIENTS,
      failed: lost,
      detail: `injected by strace; lost are those that were not served: ${outcomes.join(', ')}`,
    })
    expect({ outcomes, tooMany }).toEqual({ outcomes, tooMany: 0 })
    expect(pings.lost).toBe(0)
    expect(report.reported.total).toBe(0)
    expect(server.program).toMatchObject({ exit: null, stderr: '' })
  })

  it.each([
    { direction: 'read', calls: 'read,readv,recvmsg,recvfrom', passing: ['EINTR', 'EAGAIN'] },
    { direction: 'write', calls: 'write,writev,sendmsg,sendto', passing: driver.writesAfter },
  ])('in $direction ends at most one connection, without a report', async ({ direction, calls, passing }) => {
    const server = await startServer()
    const pings = new Pings(server.port)
    await answers(server.port)
    const outcomes: Record<string, string | null> = {}
    let [injected, dead] = [0, 0]

    for (const error of [...BROKEN, ...passing]) {
      const [client, socket] = await clientAndSocket(server)
      const injection = await Injection.begin(server.pid, { calls, error, times: 1, socket })
      client.socket.write('ping\n')
      await reachedIn(PATIENCE_MS, () => injection.count === 1)
      // As above, the next event reveals a false EAGAIN.
      const first = await client.ask('ping').catch(() => 'silence')
      const second = first && (await client.line().catch(() => 'silence'))
      outcomes[error] = first && `${first} ${second}`
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
      detail: `injected by strace into one connection each: ${BROKEN.join(', ')} end it, ${passing.join(', ')} do not; lost are others without an answer`,
    })
    const expected = [
      ...BROKEN.map((error) => [error, null]),
      ...passing.map((error) => [error, 'pong pong']),
    ]
    expect(outcomes).toEqual(Object.fromEntries(expected))
    expect(injected).toBe(BROKEN.length + passing.length)
    expect([dead, pings.lost]).toEqual([0, 0])
    expect(report).toMatchObject({ reported: { total: 0 }, counts: { failed: 0 } })
    expect(server.program).toMatchObject({ exit: null, stderr: '' })
  })
})

/** A connected client, and the server's socket for it. */
async function clientAndSocket(server: ServerProcess): Promise<[LineClient, string]> {
  await new Promise((resolve) => setTimeout(resolve, 50))
  const before = new Set(server.sockets())
  const client = await LineClient.connect(server.port)
  await client.ask('ping')
  const [socket] = server.sockets().filter((socket) => !before.has(socket))
  return [client, socket!]
}
