// What the conformance suite has to know of a driver and of the network under it. Everything in the suite uses this alone: no
// raw sockets, no timers of the platform, no other processes; so that a network in memory and in virtual time can run it too. Nor does it
// assume that what is sent in one piece is received in one piece.
import type { Driver } from '@bluelet/net/driver'
import type { Coroutine } from '@bluelet/scheduler'

/** A driver, and the network on which both ends of every connection are. */
export interface ConformanceSample {
  /** The driver. */
  readonly driver: Driver
  /** An address of this machine. */
  readonly address: string
  /** An address of another machine, which cannot be listened on. */
  readonly foreignAddress: string
  /** A name that has no address, asked for without traffic. */
  readonly unknownName: string
  /** More bytes than are buffered between two sockets. */
  readonly moreThanBuffered: number
  /** After so many milliseconds nothing is under way any more that nobody has asked for. */
  readonly quietMs: number
  /** How many descriptors are held. */
  descriptors(): number
  /** Runs a coroutine to its end, in a scheduler of its own; fails if a task is left. */
  play<T>(main: () => Coroutine<T>): Promise<T>
}
