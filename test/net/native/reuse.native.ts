// Descriptors and slots that are reused at once: no report for a socket reaches its successor.
import {
  CLOSED,
  type Driver,
  type DriverListener,
  type DriverSocket,
  READABLE,
  WRITABLE,
} from '@bluelet/net/driver'
import { describe, expect, it } from 'vitest'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import { turn } from '../../support/deadline.js'
import { openSockets } from '../../support/leaks.js'

const ROUNDS = 100_000
const PAIRS = 20

const driver = epollDriver()

describe.skipIf(driver instanceof Error)(
  'descriptors of the epoll driver (skipped where it is not built)',
  () => {
    it(`are reused ${ROUNDS} times, within the batch in which they were closed`, async () => {
      const { connect, listen } = driver as Driver
      const before = openSockets()
      const listener = await new Promise<DriverListener>((resolve, reject) => {
        listen({ host: '127.0.0.1', port: 0, backlog: 511 }, (error, made) =>
          made ? resolve(made) : reject(error),
        )
      })
      const faults = new Set<string>()
      let opened = 0
      let closed = 0

      /** The server's end: sends the received number back, and closes. */
      const serve = (socket: DriverSocket): void => {
        let over = false
        socket.observer = {
          ready(what) {
            if ((what & CLOSED) !== 0) return
            if (over) faults.add(`ready ${what} after the close`)
            const bytes = over ? null : socket.read(100)
            if (bytes === null) return
            over = true
            if (bytes.length > 0) socket.write(bytes)
            // The rest of the batch refers to the old descriptor, which the next accept reuses.
            socket.close(false)
            accept()
          },
        }
        socket.observer.ready(READABLE)
      }
      const accept = (): void => {
        for (let socket = listener.accept(); socket !== null; socket = listener.accept()) serve(socket)
      }
      listener.observer = { ready: accept }

      /** The client's end: sends its own number, and expects it back once, and then the end. */
      const begin = (): void => {
        const own = `number ${opened++}`
        const socket = connect(listener.address)
        let sent = false
        let got = ''
        let over = false
        socket.observer = {
          ready(what) {
            if ((what & CLOSED) !== 0) {
              closed++
              if (!over) faults.add('closed by another owner')
              return
            }
            if (over) {
              faults.add(`ready ${what} after the end`)
              return
            }
            if (!sent && (what & WRITABLE) !== 0) {
              sent = true
              socket.write(Buffer.from(own))
            }
            if ((what & READABLE) === 0) return
            for (let bytes = socket.read(100); bytes !== null; bytes = socket.read(100)) {
              got += bytes.toString()
              if (bytes.length > 0) continue
              over = true
              if (got !== own) faults.add(`'${got}' for '${own}'`)
              // With a reset, so that the system does not run out of ports.
              socket.reset()
              if (opened < ROUNDS) begin()
              return
            }
          },
        }
      }
      for (let i = 0; i < PAIRS; i++) begin()
      while (closed < ROUNDS && faults.size === 0) await turn()
      listener.close()

      expect([...faults]).toEqual([])
      expect([opened, closed]).toEqual([ROUNDS, ROUNDS])
      expect(openSockets()).toBe(before)
    })
  },
)
