// Many clients at once, in processes of their own.
import { type Program, start, typeScript } from '../support/program.js'
import { argumentOf } from './fixtures/questions.js'
import { reachedIn } from './patience.js'

/** The behaviour of each client. */
export interface CrowdOptions {
  readonly port: number
  readonly count: number
  /**
   * How many connect at a time: fewer than the server's backlog, since otherwise the kernel loses
   * some.
   */
  readonly atOnce: number
  /** How long a client that does not connect delays the next. */
  readonly heldUpMs: number
  /** The local addresses: several, since each has a limited number of ports. */
  readonly addresses: readonly string[]
  /** The text that each sends when it has connected. */
  readonly say: string
  /** Whether it then sends a byte every 50 to 500 ms. */
  readonly drips: boolean
  /** Whether it reads. */
  readonly reads: boolean
  /** Whether it continues after the server has ended its side. */
  readonly stubborn: boolean
}

/** The number of clients in each state so far. */
export interface Fates {
  readonly connected: number
  readonly failed: number
  /** Were told to give up before they had connected. */
  readonly gaveUp: number
  /** Got at least one byte. */
  readonly answered: number
  /** Saw an orderly end. */
  readonly ended: number
  readonly reset: number
  readonly bytes: number
  /** Hold a socket; `connecting` of them are not yet connected. */
  readonly open: number
  readonly connecting: number
  /** The time from a connection to its end. */
  readonly shortestMs: number
  readonly longestMs: number
  /** The codes of their errors. */
  readonly codes: Readonly<Record<string, number>>
}

/** 127.0.0.2 to 127.0.0.7: not the address of the clients that must be served. */
const ADDRESSES = [2, 3, 4, 5, 6, 7].map((number) => `127.0.0.${number}`)

/** How long a crowd may take to connect. */
const PATIENCE_MS = 60_000

/** A process full of clients. */
export class Crowd {
  readonly program: Program

  constructor(port: number, count: number, options: Partial<CrowdOptions> = {}) {
    const all: CrowdOptions = {
      port,
      count,
      atOnce: 100,
      heldUpMs: Number.POSITIVE_INFINITY,
      addresses: ADDRESSES,
      say: '',
      drips: false,
      reads: true,
      stubborn: false,
      ...options,
    }
    this.program = start(
      ...typeScript('test/faults/fixtures/clients.ts', [argumentOf(all)]),
      {},
      { channel: true },
    )
  }

  /**
   * Waits until each client has connected or failed, or has waited as long as it may delay others.
   */
  async connected(): Promise<this> {
    await this.program.told(PATIENCE_MS)
    return this
  }

  /** Asks for the current fates. */
  async fates(): Promise<Fates> {
    return (await this.program.ask('fates')) as Fates // The shape of its answer.
  }

  /** Makes clients that are not connected close their sockets. */
  async giveUp(): Promise<void> {
    await this.program.ask('give up')
  }

  /**
   * Makes answered clients leave, now and later, and waits until none is left; gives their fates.
   */
  async left(patienceMs: number): Promise<Fates> {
    await this.program.ask('leave')
    await reachedIn(patienceMs, async () => (await this.fates()).open === 0)
    return this.fates()
  }

  /** Ends the process. */
  async kill(): Promise<void> {
    if (this.program.exit === null) await this.program.kill('SIGKILL').ended()
  }
}
