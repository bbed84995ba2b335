// The properties of a driver and its network that the conformance suite needs. The suite uses only
// these: no raw sockets, no timers of the platform, no other processes, so that a network in memory
// and in virtual time can run it too. It does not assume that bytes sent in one piece arrive in one
// piece.
import type { Driver } from '@bluelet/net/driver'
import type { Coroutine } from '@bluelet/scheduler'

/** A driver, and the network of both ends of every connection. */
export interface ConformanceSample {
  /** The driver. */
  readonly driver: Driver
  /** An address of this machine. */
  readonly address: string
  /** Whether this machine has IPv6. */
  readonly ipv6: boolean
  /** An address of another machine, on which listening fails. */
  readonly foreignAddress: string
  /** A name that has no address and whose look-up causes no traffic. */
  readonly unknownName: string
  /** More bytes than are buffered between two sockets. */
  readonly moreThanBuffered: number
  /** The milliseconds after which no work is pending that was not requested. */
  readonly quietMs: number
  /** The number of descriptors in use. */
  descriptors(): number
  /** Runs a coroutine to its end, in a scheduler of its own; fails if a task is left. */
  play<T>(main: () => Coroutine<T>): Promise<T>
}
