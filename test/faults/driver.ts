// The driver under test, which serves the servers that the tests start as well: BLUELET_DRIVER names it, as for any program. What
// it promises its users is the same whichever it is; in what a test can see of it beyond that, the drivers differ, and only here.
import { nodeDriver } from '@bluelet/net/driver'
import { realDriver } from '../../packages/net/src/drivers/real.js'

interface Traits {
  /** How many that nobody has accepted the process itself holds; the others are in the kernel's backlog, or not connected yet. */
  waiting(backlog: number): number
  /** How many more it may hold for a moment, to turn them away. */
  readonly turning: number
  /** Whether those beyond are reset and counted; else the kernel has them ask again until there is room. */
  readonly resets: boolean
  /** For which errors of accept4 those who wait are lost, and in no count. */
  readonly loses: readonly string[]
  /** After which errors of a write a connection goes on. */
  readonly writesAfter: readonly string[]
}

const TRAITS: Readonly<Record<string, Traits>> = {
  // Node accepts whoever comes. See packages/net/src/drivers/node/listener.ts for how many wait.
  node: {
    waiting: (backlog) => Math.min(backlog * 8, Math.ceil((nodeDriver.maxDescriptors ?? Infinity) / 8)),
    turning: 600,
    resets: true,
    // libuv gives up a spare descriptor to accept and close them, and tells nobody.
    loses: ['EMFILE', 'ENFILE'],
    // libuv takes it for EAGAIN.
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

/** What is known of it. */
export const driver: Traits = TRAITS[name]!
