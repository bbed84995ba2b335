// Clients that do what no decent client does, beside one that must not notice. Other files have
// floods (flood), slow and silent clients (slow-clients, lost-peers), endless lines (giant-lines),
// and storms of connections during a shutdown (shutdown).
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning, missing, named, start, startServing } from '../support/program.js'
import { reachedIn } from './patience.js'
import { answered, type LineClient, lineClients, Pings } from './pings.js'
import { type Report, type ServerProcess, startServer } from './server-process.js'

const noPython = missing('python3', ['--version'])

/** The timeouts of an impatient server: short, since the test waits for them. */
const TIMEOUT_MS = 1000

/** How long the slowest of all these clients may go on, on a busy machine. */
const PATIENCE_MS = 30_000

/** Later clients, which must be served as well. */
const LATER = 20

/** The memory that a hundred such clients may cost at most, in MiB, with garbage and kept bytes. */
const MAX_MEMORY = 64

/** How often each member of a chat says something. */
const ROUNDS = 10

/** How clients ended: those of `ended` and `missed` in the server's counts. */
type Ends = Readonly<Record<string, number>>

interface Attack {
  /** What the clients do. */
  readonly what: string
  /** The class in fixtures/hostile.py. */
  readonly kind: string
  readonly clients: number
  /** How many clients end in which way; all others end by the return of their handlers. */
  readonly ends: Ends
  /** What each client gets, if it is asked when the server has done with it. */
  readonly got?: string
  /** Whether the server is stopped until all have connected, and are gone when it accepts. */
  readonly unseen?: boolean
  /** Whether the server has short timeouts, which end the clients. */
  readonly impatient?: boolean
  /** Whether the clients stay until the test ends them. */
  readonly stay?: boolean
}

const ATTACKS: readonly Attack[] = [
  {
    what: 'send a head line by line, and never its end',
    kind: 'HeaderByHeader',
    clients: 100,
    ends: { message: 100 },
    impatient: true,
  },
  { what: 'send a byte a second', kind: 'ByteByByte', clients: 100, ends: { message: 100 }, impatient: true },
  {
    what: 'end their side at once, and wait for a reply',
    kind: 'HalfClosed',
    clients: 100,
    ends: {},
    got: '10006',
  },
  { what: 'end at once', kind: 'FinAtOnce', clients: 500, ends: {} },
  { what: 'send a byte and an end', kind: 'ByteAndFin', clients: 500, ends: { incomplete: 500 } },
  { what: 'reset at once', kind: 'ResetAtOnce', clients: 500, ends: { reset: 500 } },
  {
    what: 'reset before they are accepted',
    kind: 'ResetAtOnce',
    clients: 200,
    ends: { reset: 200 },
    unseen: true,
  },
  {
    what: 'end before they are accepted',
    kind: 'ByteAndFin',
    clients: 200,
    ends: { incomplete: 200 },
    unseen: true,
  },
  { what: 'reset in the middle of a message', kind: 'ResetInMessage', clients: 100, ends: { reset: 100 } },
  { what: 'reset in the middle of a reply', kind: 'ResetInReply', clients: 100, ends: { reset: 100 } },
  { what: 'reset after the end of our side', kind: 'ResetAfterShutdown', clients: 100, ends: { reset: 100 } },
  {
    what: 'send urgent data in the middle of a message',
    kind: 'Urgent',
    clients: 100,
    ends: {},
    got: 'pongs',
    stay: true,
  },
  {
    what: 'read byte by byte, through the smallest window',
    kind: 'OneByteWindow',
    clients: 50,
    ends: { stall: 50 },
    impatient: true,
  },
  {
    what: 'send thousands of requests, and read no reply',
    kind: 'Pipelining',
    clients: 50,
    ends: { stall: 50 },
    impatient: true,
  },
  {
    what: 'send names with NUL and control bytes',
    kind: 'ControlBytes',
    clients: 20,
    ends: {},
    got: 'refused',
    stay: true,
  },
  { what: 'send without end after our close', kind: 'AfterTheEnd', clients: 50, ends: {} },
]

describe.skipIf(noPython)(named('clients that', noPython), () => {
  let patient: ServerProcess
  let impatient: ServerProcess

  beforeAll(async () => {
    patient = await startServer()
    impatient = await startServer({ messageTimeout: TIMEOUT_MS, stallTimeout: TIMEOUT_MS })
    for (const server of [patient, impatient]) {
      // The first clients make it load code and fill its pools.
      await answered(server.port, LATER)
      await server.quiet()
    }
  })

  afterAll(async () => {
    for (const server of [patient, impatient]) await server.program.kill('SIGKILL').ended()
  })

  it.each(ATTACKS.map((attack) => [attack.what, attack] as const))(
    '%s are ended and counted, cost little, and are not noticed by others',
    async (what, { kind, clients, ends, got, unseen = false, stay = false, ...attack }) => {
      const server = attack.impatient === true ? impatient : patient
      const before = await server.report()
      const [sockets, memory] = [server.sockets().length, server.memory]
      let [mostSockets, mostMemory] = [0, 0]
      const watch = setInterval(() => {
        mostSockets = Math.max(mostSockets, server.sockets().length - sockets)
        mostMemory = Math.max(mostMemory, server.memory - memory)
      }, 50)
      const pings = new Pings(server.port)
      await reachedIn(PATIENCE_MS, () => pings.latencies.length > 0)

      if (unseen) server.signal('SIGSTOP')
      const hostile = start('python3', [
        'test/faults/fixtures/hostile.py',
        `${server.port}`,
        kind,
        `${clients}`,
      ])
      await hostile.printed(/ready/)
      if (unseen) server.signal('SIGCONT')
      const remain = 1 + (stay ? clients : 0)
      const over = await reachedIn(PATIENCE_MS, async () => {
        const { counts } = await server.report()
        return counts.served - before.counts.served >= clients + 1 && counts.open === remain
      })
      const later = await answered(server.port, LATER)
      await hostile.write('\n').printed(/\]\n/)
      await hostile.ended()
      await pings.stop()
      await server.quiet()
      clearInterval(watch)
      const after = await server.report()
      const left = server.sockets().length - sockets
      const gained = difference(before, after)

      const replies = JSON.parse(hostile.stdout.replace(/^ready\n/, '')) as string[] // What hostile.py prints.
      const wrong = got === undefined ? 0 : replies.filter((reply) => reply !== got).length
      record({
        what: `hostile clients: ${what}`,
        tried: clients,
        failed: pings.lost + LATER - later + left + wrong,
        detail: `at most ${mostSockets} sockets, memory +${Math.max(0, Math.round(mostMemory))} MiB; ended by ${shown(ends)}; nothing is printed; lost are ${pings.total} pings of another client, ${LATER} later clients, and sockets that were left`,
      })
      expect({ over, later, lost: pings.lost, left, hostile: hostile.stderr }).toEqual({
        over: true,
        later: LATER,
        lost: 0,
        left: 0,
        hostile: '',
      })
      expect(gained).toEqual({ served: clients + 1 + LATER, ends })
      expect(replies.filter((reply) => reply !== (got ?? ''))).toEqual([])
      // Those that were cut off by a timeout may linger.
      expect(mostSockets).toBeLessThanOrEqual(clients + 1 + LATER)
      expect(mostMemory).toBeLessThan(MAX_MEMORY)
      expect(after.reported.total).toBe(before.reported.total)
      expect(after.ended).toBe(after.begun)
      expect(server.program).toMatchObject({ exit: null, stdout: '', stderr: '' })
    },
  )
})

describe.skipIf(noPython)(named('clients of one address', noPython), () => {
  leavesNothingRunning()

  it('take at most three quarters of the places by default, however long they stay', async () => {
    const [places, clients] = [40, 60]
    const share = (places * 3) / 4
    const server = await startServer({ maxConnections: places }, { shares: true })

    const idle = start('python3', [
      'test/faults/fixtures/hostile.py',
      `${server.port}`,
      'OneAddress',
      `${clients}`,
    ])
    await idle.printed(/ready/)
    const all = await reachedIn(PATIENCE_MS, async () => {
      const { counts } = await server.report()
      return counts.open === share && counts.dropped.address === clients - share
    })
    const served = await answered(server.port, LATER)
    const { counts } = await server.report()
    await idle.write('\n').printed(/\]\n/)
    await idle.ended()
    await server.quiet()
    const replies = JSON.parse(idle.stdout.replace(/^ready\n/, '')) as string[] // What hostile.py prints.

    record({
      what: 'hostile clients: take all places from one address',
      tried: clients,
      failed: LATER - served,
      detail: `${places} places: ${counts.dropped.address} dropped; lost are clients of another address`,
    })
    expect([all, served]).toEqual([true, LATER])
    expect(counts.dropped).toEqual({ connections: 0, queue: 0, address: clients - share })
    expect(replies.filter((reply) => reply === 'closed')).toHaveLength(clients - share)
    expect(server.program).toMatchObject({ exit: null, stdout: '', stderr: '' })
  })
})

describe.skipIf(noPython)(named('a client that floods a chat', noPython), () => {
  leavesNothingRunning()

  it('throws out no other member, and all lines of the others arrive', async () => {
    const { server, port } = await startServing('examples/chat/server.ts')
    const names = ['ann', 'bob', 'cat', 'dan', 'eve']
    const members = await lineClients(Number(port), names.length)
    for (const [i, member] of members.entries()) member.socket.write(`${names[i]}\n`)
    await server.printed(/eve has joined/)

    const flooder = start('python3', ['test/faults/fixtures/hostile.py', port, 'ChatFlooder', '1'])
    await Promise.all(members.map((member) => heard(member, /^flooder: /)))
    let arrived = 0
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, member] of members.entries()) {
        const said = `${names[i]}: round ${round}`
        member.socket.write(`round ${round}\n`)
        const others = members.filter((other) => other !== member)
        await Promise.all(others.map((other) => heard(other, new RegExp(`^${said}$`))))
        arrived += others.length
      }
    }
    await flooder.kill('SIGKILL').ended()
    for (const member of members) member.close()
    const lines = server.stdout.split('\nflooder: ').length
    await server.kill('SIGKILL').ended()

    const all = ROUNDS * names.length * (names.length - 1)
    record({
      what: 'lines of a chat beside a client that floods it',
      tried: all,
      failed: all - arrived,
      detail: `${names.length} members, and ${lines} lines of the other client; lost are lines that did not arrive`,
    })
    expect(arrived).toBe(all)
    expect(server.stdout).not.toContain('too slow')
    expect(server.stderr).toBe('')
  })
})

/** Reads lines up to one that matches. */
async function heard(client: LineClient, pattern: RegExp): Promise<void> {
  for (let line = await client.line(); !pattern.test(line ?? ''); line = await client.line()) {
    if (line === null) throw new Error(`the connection has ended before ${pattern}`)
  }
}

/** What has been counted between two reports: connections, and how they ended. */
function difference(before: Report, after: Report): { served: number; ends: Ends } {
  const ends: Record<string, number> = {}
  for (const kind of ['ended', 'missed', 'dropped'] as const) {
    for (const [name, count] of Object.entries(after.counts[kind])) {
      const gained = count - (before.counts[kind] as Record<string, number>)[name]!
      if (gained !== 0) ends[name] = gained
    }
  }
  return { served: after.counts.served - before.counts.served, ends }
}

function shown(ends: Ends): string {
  const [name] = Object.keys(ends)
  return name === undefined ? 'the return of their handlers' : name
}
