// The driver under test, which the servers started by the tests use too: BLUELET_DRIVER names it,
// as for any program. All drivers make the same promises to users. This file has all other
// differences that a test can observe.
import { nodeDriver } from '@bluelet/net/driver'
import { realDriver } from '../../packages/net/src/drivers/real.js'

interface Traits {
  /**
   * How many unaccepted connections the process itself holds; others are in the kernel's backlog or
   * not yet connected.
   */
  waiting(backlog: number): number
  /** How many more it may hold briefly, to drop them. */
  readonly turning: number
  /**
   * Whether those beyond are reset and counted; otherwise the kernel makes them retry until there
   * is room.
   */
  readonly resets: boolean
  /** The errors of accept4 after which waiting clients are lost and not counted. */
  readonly loses: readonly string[]
  /** The errors of a write after which a connection continues. */
  readonly writesAfter: readonly string[]
}

const TRAITS: Readonly<Record<string, Traits>> = {
  // Node accepts every connection. See packages/net/src/drivers/node/listener.ts for how many wait.
  node: {
    waiting: (backlog) => Math.min(backlog * 8, Math.ceil((nodeDriver.maxDescriptors ?? Infinity) / 8)),
    turning: 600,
    resets: true,
    // libuv uses a spare descriptor to accept and close them, without a report.
    loses: ['EMFILE', 'ENFILE'],
    // libuv treats it as EAGAIN.
    writesAfter: ['EINTR', 'EAGAIN', 'ENOBUFS'],
  },
  epoll: {
    waiting: () => 0,
    // As many as a server accepts at a time.
    turning: 64,
    resets: false,
    loses: [],
    writesAfter: ['EINTR', 'EAGAIN'],
  },
}

const { name } = realDriver()

/** The traits of the driver under test. */
export const driver: Traits = TRAITS[name]!
