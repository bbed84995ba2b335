// What holds for the trace of every program on a recorded network, and random programs.
import { type Connection, connect, type Listener, listen } from '@bluelet/net'
import type { NetworkHost } from '@bluelet/net/driver'
import { recordNetwork } from '@bluelet/net/trace'
import { type Coroutine, group, pause, Scheduler } from '@bluelet/scheduler'
import { seeded } from '@bluelet/scheduler/testing'
import { type IoEvent, record, type Trace, type TraceEvent } from '@bluelet/scheduler/trace'

/** The longest run, in milliseconds of real time. */
const PATIENCE_MS = 20_000

/**
 * Records a random program: clients that send, end, reset and reconnect, and a server's handlers.
 */
export async function recordedProgram(host: NetworkHost, seed: number): Promise<Trace> {
  const { host: recorded, network } = recordNetwork(host)
  const scheduler = new Scheduler({ host: recorded })
  const recording = record(scheduler, { network, library: true, limit: 1_000_000 })
  await scheduler.run(() => program(seed), { signal: AbortSignal.timeout(PATIENCE_MS) })
  return recording.stop()
}

/** The program alone. */
export function* program(seed: number): Coroutine<void> {
  const { choose } = seeded(seed)
  const listener = yield* listen('127.0.0.1', 0)
  const clients = 1 + choose(4)
  const connections = 1 + choose(3)
  yield* group(function* (g) {
    yield* g.spawn(serving, listener, clients * connections, choose)
    for (let i = 0; i < clients; i++) yield* g.spawn(client, listener.address.port, connections, choose)
  })
}

type Choose = (n: number) => number

function* serving(listener: Listener, connections: number, choose: Choose): Coroutine<void> {
  yield* group(function* (g) {
    for (let i = 0; i < connections; i++)
      yield* g.spawn(answering, yield* listener.accept(), choose(8), choose)
  })
  listener.close()
}

/** Answers each piece or each line, or ends the connection early. */
function* answering(conn: Connection, how: number, choose: Choose): Coroutine<void> {
  try {
    if (how === 0) conn.abort()
    else if (how === 1) yield* conn.sendall('no')
    else {
      while (true) {
        const bytes = how === 2 ? yield* conn.recv(1 + choose(9)) : yield* conn.readline()
        if (bytes.length === 0) break
        if (choose(20) === 0) conn.abort()
        yield* conn.sendall(bytes)
        if (choose(3) === 0) yield* pause()
      }
    }
  } catch {
    // The peer has reset the connection, or we have.
  } finally {
    conn.close()
  }
}

/** Connects again and again. */
function* client(port: number, connections: number, choose: Choose): Coroutine<void> {
  for (let i = 0; i < connections; i++) {
    try {
      yield* talking(yield* connect('127.0.0.1', port), choose)
    } catch {
      // The peer has reset the connection, perhaps at once, or we have.
    }
  }
}

/** Sends lines by several sends, and ends the connection in one of several ways. */
function* talking(conn: Connection, choose: Choose): Coroutine<void> {
  try {
    for (let lines = choose(6); lines > 0; lines--) {
      const line = `${'x'.repeat(choose(200))}\n`
      const half = choose(line.length)
      yield* conn.sendall(line.slice(0, half))
      if (choose(2) === 0) yield* pause()
      yield* conn.sendall(line.slice(half))
      if (choose(2) === 0) yield* conn.recv(100)
    }
    const end = choose(5)
    if (end === 0) conn.abort()
    if (end >= 2) {
      conn.shutdown()
      yield* conn.readall()
    }
  } finally {
    conn.close()
  }
}

/**
 * What is wrong with a trace whose sockets are all of one process.
 *
 * @param accepts whether each accept has its origin. Node tells the address of a client only once
 *   it is connected, which may come later
 */
export function faultsOf(trace: Trace, accepts = true): string[] {
  return new Check(trace, accepts).faults
}

class Check {
  readonly faults: string[] = []
  readonly #events: readonly TraceEvent[]
  /** The other end of each socket, as the causes say. */
  readonly #peers = new Map<number, number>()
  /** How many bytes a socket has written before each of its writes, and with it. */
  readonly #stretches = new Map<number, readonly [begin: number, end: number]>()
  readonly #written = new Map<number, number>()
  readonly #read = new Map<number, number>()
  readonly #accepts: boolean

  constructor({ events }: Trace, accepts: boolean) {
    this.#events = events
    this.#accepts = accepts
    for (const event of events) this.#check(event)
  }

  #check(event: TraceEvent): void {
    if (event.e === 'resume') {
      if (event.because !== null && event.because >= event.n) this.#fault(event, 'is caused by a later event')
    } else if (event.e === 'wake') {
      if (event.by.kind === 'io' && event.by.op === 'read') this.#checkWake(event, event.by.io)
    } else if (event.e === 'io') this.#checkIo(event)
  }

  #checkWake(event: TraceEvent, io: number | null): void {
    const read = io === null ? undefined : this.#events[io]
    if (read?.e !== 'io' || read.op !== 'read' || io! >= event.n) this.#fault(event, 'names no earlier read')
  }

  #checkIo(event: IoEvent): void {
    const { op, res, bytes = 0 } = event
    if (op === 'write') {
      const begin = this.#written.get(res) ?? 0
      this.#written.set(res, begin + bytes)
      this.#stretches.set(event.n, [begin, begin + bytes])
    } else if (op === 'read') {
      const offset = (this.#read.get(res) ?? 0) + bytes
      this.#read.set(res, offset)
      const [begin, end] = this.#stretches.get(this.#origin(event, 'write')) ?? [0, 0]
      if (offset <= begin || offset > end) this.#fault(event, `ends at ${offset}, not in ${begin} to ${end}`)
    } else if (op === 'end') this.#origin(event, 'shutdown', 'close', 'reset')
    else if (op === 'accept' && (this.#accepts || event.cause !== null)) this.#origin(event, 'connect')
  }

  /** The number of the origin, which is an earlier event of the peer. */
  #origin(event: IoEvent, ...ops: readonly string[]): number {
    const origin = event.cause === null ? undefined : this.#events[event.cause]
    if (origin === undefined || origin.n >= event.n || !('op' in origin) || !ops.includes(origin.op)) {
      this.#fault(event, `has the origin ${JSON.stringify(origin)}`)
      return -1
    }
    const res = event.op === 'accept' ? event.made! : event.res
    if (!('res' in origin)) return -1
    const peer = this.#peers.get(res) ?? origin.res
    this.#peers.set(res, origin.res)
    if (peer !== origin.res) this.#fault(event, `has two peers, ${peer} and ${origin.res}`)
    return origin.n
  }

  #fault(event: TraceEvent, what: string): void {
    this.faults.push(`${JSON.stringify(event)} ${what}`)
  }
}

/** The number of reads in a trace. */
export function readsOf({ events }: Trace): number {
  return events.filter((event) => event.e === 'io' && event.op === 'read').length
}
