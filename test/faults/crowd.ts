// Many clients at once, in processes of their own.
import { type Program, start, typeScript } from '../support/program.js'
import { argumentOf } from './fixtures/questions.js'
import { reachedIn } from './patience.js'

/** What each of them does. */
export interface CrowdOptions {
  readonly port: number
  readonly count: number
  /** How many connect at a time: fewer than the server's backlog, or the kernel loses some that nobody has dropped. */
  readonly atOnce: number
  /** How long each that does not connect holds up the next. */
  readonly heldUpMs: number
  /** From where: each address has only so many ports. */
  readonly addresses: readonly string[]
  /** What each says when it has connected. */
  readonly say: string
  /** Whether it then goes on with a byte every 50 to 500 ms. */
  readonly drips: boolean
  /** Whether it reads. */
  readonly reads: boolean
  /** Whether it goes on after the server has ended its side. */
  readonly stubborn: boolean
}

/** What has become of them so far. */
export interface Fates {
  readonly connected: number
  readonly failed: number
  /** Were told to, before they had connected. */
  readonly gaveUp: number
  /** Got at least one byte. */
  readonly answered: number
  /** Saw an orderly end. */
  readonly ended: number
  readonly reset: number
  readonly bytes: number
  /** How many hold a socket; of them, those that are not connected. */
  readonly open: number
  readonly connecting: number
  /** From the connection to its end. */
  readonly shortestMs: number
  readonly longestMs: number
  /** Of their errors. */
  readonly codes: Readonly<Record<string, number>>
}

/** 127.0.0.2 to 127.0.0.7: other addresses than that of the clients that are to be served. */
const ADDRESSES = [2, 3, 4, 5, 6, 7].map((number) => `127.0.0.${number}`)

/** The patience with a crowd that connects. */
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

  /** Waits until each has connected, failed to, or been kept waiting for as long as it may hold up others. */
  async connected(): Promise<this> {
    await this.program.told(PATIENCE_MS)
    return this
  }

  /** What has become of them. */
  async fates(): Promise<Fates> {
    return (await this.program.ask('fates')) as Fates // What it answers.
  }

  /** Has those that are not connected close their sockets. */
  async giveUp(): Promise<void> {
    await this.program.ask('give up')
  }

  /** Has those that have been answered leave, now and from now on, and waits until none is left; gives what has become of them. */
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
