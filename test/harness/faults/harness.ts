// One run of a scenario: its world, one operation that fails at most, and what has come of it.
import { type Connection, connect, type Handler, listen, type ServerOptions, server } from '@bluelet/net'
import type { OperationKind, Simulation, SimulationOptions } from '@bluelet/net/testing'
import { type Coroutine, kill, Scheduler, spawn, type Task } from '@bluelet/scheduler'
import { spawnUnder } from '@bluelet/scheduler/lowlevel'
import { leftIn, ROOT, runToRest } from '../leftovers.js'
import { Tasks } from '../tasks.js'
import { type Transport, WorldOver } from '../transport.js'

export const HOST = '127.0.0.1'
export const PORT = 4915

/** An operation that is to fail, and how. */
export interface Fault {
  readonly number: number
  readonly kind: OperationKind
  readonly code: string
}

/** What is run. */
export interface Scenario {
  readonly title: string
  /** What its world is like. */
  readonly world?: SimulationOptions
  /**
   * What kinds of operations may fail without consequence: a task tries again, or goes another way.
   */
  readonly survives?: readonly OperationKind[]
  /** Whether the server has ended when the clients have. */
  readonly ends?: boolean
  /** Serves, until it is killed. */
  readonly serve: (harness: FaultHarness) => Coroutine
  /**
   * The clients. Every one of them gets an answer to whatever it sends, then the end of the stream.
   */
  readonly visit: (harness: FaultHarness) => Coroutine
}

/** The stream has ended early. */
export class EarlyEnd extends Error {}

/** One run of a scenario. */
export class FaultHarness {
  readonly world: Simulation
  readonly scheduler: Scheduler
  /** Of each operation, until the clients have ended. */
  readonly kinds: OperationKind[] = []
  /** How much has arrived where. */
  readonly results = new Map<string, 'all' | number>()
  readonly problems: string[] = []
  readonly clients = new Tasks()
  readonly servers = new Tasks()
  /** The errors of handlers, each with its connection. */
  readonly reports: { readonly error: unknown; readonly conn: Connection }[] = []
  /** The errors that a task has caught before it went on. */
  readonly noticed: unknown[] = []
  /** The server, once it has been started. */
  serving: Task | undefined
  #over = false

  constructor(fault: Fault | undefined, options: SimulationOptions = {}, transport?: Transport) {
    const failing: SimulationOptions = {
      ...options,
      fault: ({ number, kind }) => {
        if (!this.#over) this.kinds.push(kind)
        return number === fault?.number ? fault.code : undefined
      },
    }
    this.world = new WorldOver(failing, transport)
    this.scheduler = new Scheduler({ host: this.world, sites: false })
  }

  /** A server whose errors are written down. */
  server(handler: Handler, port = PORT, host = '', options: ServerOptions = {}): Coroutine<void> {
    const onError: ServerOptions['onError'] = (error, conn) => void this.reports.push({ error, conn })
    return server(host, port, handler, { onError, ...options })
  }

  /** Checks what has arrived: no byte is lost, doubled or in the wrong place. */
  arrived(where: string, data: Buffer | readonly Buffer[], sent: Buffer): void {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(data)
    if (!bytes.equals(sent.subarray(0, bytes.length)))
      this.problems.push(`${where}: what arrived is not what was sent`)
    this.results.set(where, bytes.length === sent.length ? 'all' : bytes.length)
  }

  async run(scenario: Scenario): Promise<void> {
    this.problems.push(...(await runToRest(this.#root(scenario), this.scheduler, this.world)))
  }

  *#root(scenario: Scenario): Coroutine<void> {
    const houseKeeping = yield* spawn(this.servers.run(this.#serving(scenario)))
    yield* this.clients.run(scenario.visit(this))
    this.#over = true
    if (scenario.ends) yield* this.#listensAgain()
    else if (this.servers.failures.length === 0) yield* this.#answers()
    if (this.serving !== undefined) yield* kill(this.serving)
    yield houseKeeping
    this.problems.push(...leftIn(this.scheduler, [ROOT]))
  }

  *#serving(scenario: Scenario): Coroutine<void> {
    this.serving = yield* spawnUnder(this.servers).with({ name: 'server' }, scenario.serve(this))
  }

  /** Checks that the server still answers. */
  *#answers(): Coroutine<void> {
    try {
      const conn = yield* connect(HOST, PORT)
      yield* conn.sendall('probe\n')
      conn.shutdown()
      const answer = yield* conn.readall()
      conn.close()
      if (answer.length === 0) this.problems.push('the server does not answer any more')
    } catch (error) {
      this.problems.push(`the server does not answer any more: ${error}`)
    }
  }

  *#listensAgain(): Coroutine<void> {
    const listener = yield* listen('', PORT)
    listener.close()
  }
}
