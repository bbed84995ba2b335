// A fake native part whose calls give what a test chooses, for results that Linux does not give on
// demand.
import type { Native } from '../../../../packages/net/src/drivers/epoll/native.js'
import { EpollSet } from '../../../../packages/net/src/drivers/epoll/set.js'

export const EAGAIN = -11
export const EINVAL = -22

export class FalseNative {
  /** The results of each call, in order; after them, EAGAIN. */
  readonly answers: {
    accept: number[]
    recv: (number | string)[]
    send: number[]
    /** How many are sent, and the reason why that is not all. */
    sendMany: { sent: number; failure: number }[]
    udp: number[]
    unacknowledged: number[]
    watch: number[]
  }
  /** The calls with a descriptor. */
  readonly calls: string[]
  /** The arguments of `watch`. */
  readonly watched: { slot: number; generation: number; output: boolean }[]
  readonly set: EpollSet
  readonly native: Native
  /** The result of `listen`. */
  listens: (address: string) => number
  #batch: Int32Array
  #ready: (count: number) => void

  constructor() {
    this.answers = { accept: [], recv: [], send: [], sendMany: [], udp: [], unacknowledged: [], watch: [] }
    this.calls = []
    this.watched = []
    this.#batch = new Int32Array()
    this.#ready = () => {}
    this.listens = () => 3
    this.native = this.#native()
    this.set = new EpollSet(this.native)
  }

  /** Reports the sockets of these slots as ready. */
  fire(...ready: readonly { slot: number; generation: number; events: number }[]): void {
    this.#batch.set(ready.flatMap(({ slot, generation, events }) => [slot, generation, events]))
    this.#ready(ready.length)
  }

  #native(): Native {
    const { answers, calls, watched } = this
    const said = (call: string) => {
      calls.push(call)
      return 0
    }
    return {
      start: (batch, ready) => {
        this.#batch = batch
        this.#ready = ready
        return 0
      },
      watch: (_fd, slot, generation, output) => {
        watched.push({ slot, generation, output })
        return answers.watch.shift() ?? 0
      },
      version: 3,
      unwatch: (fd) => said(`unwatch ${fd}`),
      hold: () => {},
      listen: (address) => this.listens(address),
      connect: () => 4,
      listenPath: () => this.listens(''),
      connectPath: () => 4,
      adopt: (fd) => fd,
      accept: () => answers.accept.shift() ?? EAGAIN,
      peer: () => '127.0.0.1 4915',
      recv: (_fd, to, offset) => {
        const answer = answers.recv.shift() ?? EAGAIN
        if (typeof answer === 'number') return answer
        to.set(Buffer.from(answer), offset)
        return answer.length
      },
      send: () => answers.send.shift() ?? EAGAIN,
      shutdown: (fd) => said(`shutdown ${fd}`),
      close: (fd) => said(`close ${fd}`),
      reset: (fd) => said(`reset ${fd}`),
      configure: () => 0,
      failure: () => 0,
      credentials: () => '',
      unacknowledged: () => answers.unacknowledged.shift() ?? 0,
      address: () => '127.0.0.1 4915',
      udp: (address) => {
        calls.push(`udp ${address}`)
        return answers.udp.shift() ?? 5
      },
      attach: () => 0,
      recvMany: () => EAGAIN,
      sendMany: (_fd, bytes, table, count) => {
        const { sent, failure } = answers.sendMany.shift() ?? { sent: count, failure: 0 }
        calls.push(`sendMany ${sent} of ${count}: ${Buffer.from(bytes).toString('latin1', 0, 20)}`)
        table[0] = failure
        return sent
      },
      encode: (host) => (host === '::::' ? EINVAL : 0),
      decode: () => '127.0.0.1',
      member: () => 0,
      option: () => 0,
      dropped: () => 7,
    }
  }
}
