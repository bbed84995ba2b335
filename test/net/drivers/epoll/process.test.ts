// The `epoll` driver and its process: its end, uncaught exceptions, a lack of descriptors, and
// memory.
import { type Driver, type DriverListener, type DriverSocket, WRITABLE } from '@bluelet/net/driver'
import { describe, expect, it } from 'vitest'
import { epollDriver } from '../../../../packages/net/src/drivers/epoll/driver.js'
import { reached, settled, turn } from '../../../support/deadline.js'
import { dial } from '../../../support/peer.js'
import { runScript } from '../../../support/script.js'
import { LARGE } from '../../../support/tags.js'

const driver = epollDriver()
const unbuilt = driver instanceof Error
const { connect, listen } = driver as Driver

const IMPORTS = `
  import { closeSync, openSync, readFileSync } from 'node:fs'
  import { spawnSync } from 'node:child_process'
  import { connect, listen, server } from '@bluelet/net'
import { driverNamed } from '@bluelet/net/driver'
  import { Latch, run, sleep, spawn } from '@bluelet/scheduler'
`

function script(program: string, flags: readonly string[] = []) {
  return runScript(IMPORTS + program, flags, { env: { BLUELET_DRIVER: 'epoll' } })
}

function listening(backlog: number): Promise<DriverListener> {
  return new Promise((resolve, reject) => {
    listen({ host: '127.0.0.1', port: 0, backlog }, (error, made) => (made ? resolve(made) : reject(error)))
  })
}

/** Two connected sockets. */
async function pair(): Promise<{ one: DriverSocket; other: DriverSocket }> {
  const listener = await listening(1)
  const one = connect(listener.address)
  const connected = new Promise<void>((resolve) => {
    one.observer = { ready: (what) => void ((what & WRITABLE) !== 0 && resolve()) }
  })
  const accepted = new Promise<DriverSocket | null>((resolve) => {
    listener.observer = { ready: () => resolve(listener.accept()) }
  })
  const other = await accepted
  await connected
  listener.close()
  return { one, other: other! }
}

describe.skipIf(unbuilt)(
  'a process with the epoll driver (skipped where it is not built)',
  { tags: [LARGE.name] },
  () => {
    it('ends by itself when the last socket is closed, and not before', async () => {
      const { code, stdout } = await script(`
        driverNamed('epoll').listen({ host: '127.0.0.1', port: 0, backlog: 1 }, (error, listener) => {
          // Nothing else keeps it alive.
          setTimeout(() => listener.close(), 100).unref()
          process.on('exit', () => console.log(performance.now() - begun >= 99))
        })
        const begun = performance.now()
      `)

      expect([code, stdout]).toEqual([0, 'true\n'])
    })

    it('gets an error that an observer throws as an uncaught exception, and goes on', async () => {
      const { code, stdout, stderr } = await script(`
        process.on('uncaughtException', (error) => console.log('uncaught', error.message))
        driverNamed('epoll').listen({ host: '127.0.0.1', port: 0, backlog: 9 }, (_error, listener) => {
          let left = 3
          listener.observer = {
            ready() {
              listener.accept().reset()
              if (--left === 0) listener.close()
              throw new Error('of ready ' + left)
            },
          }
          const next = () => {
            if (left === 0) return
            const client = driverNamed('epoll').connect(listener.address)
            client.observer = { ready: (what) => (what === 8 ? next() : client.close(false)) }
          }
          next()
        })
      `)

      expect(stderr).toBe('')
      expect(stdout).toBe('uncaught of ready 2\nuncaught of ready 1\nuncaught of ready 0\n')
      expect(code).toBe(0)
    })

    it('is ended by an error that an observer throws, without a listener', async () => {
      const { code, stderr } = await script(`
        const client = driverNamed('epoll').connect({ host: '127.0.0.1', port: 1 })
        client.observer = { ready() { throw new Error('no listener') } }
      `)

      expect(code).toBe(1)
      expect(stderr).toContain('Error: no listener')
    })

    it('serves again after a lack of descriptors', async () => {
      const { code, stdout } = await script(`
        const ready = new Latch()
        let port = 0
        await run(function* () {
          const onListening = ({ address }) => { port = address.port; ready.open() }
          function* echo(conn) { yield* conn.sendall(yield* conn.recv(10)) }
          const serving = yield* spawn(server('127.0.0.1', 0, echo, { onListening }))
          yield* ready.wait()
          const taken = []
          try {
            for (;;) taken.push(openSync('/dev/null'))
          } catch (error) {
            console.log(error.code)
          }
          closeSync(taken.pop()) // The client takes it, and the server has none.
          const conn = yield* connect('127.0.0.1', port)
          yield* conn.sendall('hello')
          yield* sleep(100)
          for (const fd of taken) closeSync(fd)
          console.log(String(yield* conn.readall()))
          conn.close()
          process.kill(process.pid, 'SIGTERM')
        })
        console.log('over')
      `)

      expect(stdout).toBe('EMFILE\nhello\nover\n')
      expect(code).toBe(0)
    })

    it('passes no descriptor of the driver on to child processes', async () => {
      const { stdout } = await script(`
        const inherited = () => spawnSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).stdout
        const before = inherited()
        await run(function* () {
          const listener = yield* listen('127.0.0.1', 0)
          const conn = yield* connect('127.0.0.1', listener.address.port)
          const accepted = yield* listener.accept()
          console.log(before === inherited())
          for (const each of [conn, accepted, listener]) each.close()
        })
      `)

      expect(stdout).toBe('true\n')
    })
  },
)

describe.skipIf(unbuilt)('the epoll driver (skipped where it is not built)', () => {
  it('leaves connections that are not accepted in the backlog, and others outside it', async () => {
    const listener = await listening(4)
    let connected = 0

    for (let i = 0; i < 20; i++)
      void dial(listener.address.port).then(
        () => connected++,
        () => {},
      )
    for (let i = 0; i < 200; i++) await turn()

    // Linux holds one more than requested (listen(2)).
    expect(connected).toBe(5)
    expect(listener.dropped).toBe(0)
    listener.close()
  })

  it('knows its peer after the end of the connection', async () => {
    const { one, other } = await pair()
    const addresses = [one.remoteAddress, other.remoteAddress]

    one.reset()
    await settled(() => 0)
    const afterwards = [one.remoteAddress, other.remoteAddress]
    other.reset()

    expect(addresses.map((address) => address?.host)).toEqual(['127.0.0.1', '127.0.0.1'])
    expect(afterwards).toEqual(addresses)
    expect(other.remoteAddress).toEqual(addresses[1])
  })

  it('knows the address of a peer that left before it was accepted', async () => {
    const listener = await listening(4)
    const client = await dial(listener.address.port)
    const port = client.socket.localPort

    client.socket.resetAndDestroy()
    await settled(() => 0)
    const socket = listener.accept()!

    expect(`${socket.remoteAddress}`).toBe(`127.0.0.1:${port}`)
    socket.reset()
    listener.close()
  })

  it.each([1024, 65_536])(
    'keeps little memory alive by small messages, reading up to %i bytes',
    async (max) => {
      const { one, other } = await pair()
      const kept: Buffer[] = []

      while (kept.length < 1000) {
        one.write(Buffer.from('ten bytes.'))
        await reached(() => {
          const bytes = other.read(max)
          if (bytes !== null) kept.push(bytes)
          return bytes !== null
        }, 2000)
      }

      const memory = new Set(kept.map(({ buffer }) => buffer))
      const held = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)
      expect(held).toBeLessThan(20 * 1024)
      expect(new Set(kept.map(String))).toEqual(new Set(['ten bytes.']))
      for (const socket of [one, other]) socket.reset()
    },
  )

  it('gives large data in memory of its own, at most twice as large', async () => {
    const { one, other } = await pair()
    const large: Buffer[] = []
    let left = 500_000

    for (let unsent = left; left > 0; ) {
      if (unsent > 0) unsent -= one.write(Buffer.alloc(unsent))
      await turn()
      for (let bytes = other.read(65_536); bytes !== null; bytes = other.read(65_536)) {
        left -= bytes.length
        if (bytes.length > 8192) large.push(bytes)
      }
    }

    expect(large.length).toBeGreaterThan(0)
    expect(new Set(large.map(({ buffer }) => buffer)).size).toBe(large.length)
    for (const { length, buffer } of large) expect(buffer.byteLength).toBeLessThanOrEqual(2 * length)
    for (const socket of [one, other]) socket.reset()
  })
})
