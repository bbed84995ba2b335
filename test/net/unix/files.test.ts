// Promise 9 of the network: the file of a Unix socket. How it appears, whose it is, and when it is
// removed.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import net from 'node:net'
import { basename, dirname, join } from 'node:path'
import { connect, ListenError, listen } from '@bluelet/net'
import { driverNamed } from '@bluelet/net/driver'
import { all, type Coroutine, kill, pause, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { until } from '../../support/deadline.js'
import { openSockets } from '../../support/leaks.js'
import { isBuilt } from '../native/binary.js'
import { WORLDS } from '../server/each-driver.js'
import { errorOf, perform, play } from '../world.js'
import { hasAbstractNames, leaveStaleSocket, socketDirectory, socketPath } from './paths.js'

const REAL = WORLDS.filter(({ name }) => name !== 'simulated')

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe.each(REAL)('the file of a Unix socket (%s)', ({ driver }) => {
  it.each([
    [undefined, '600'],
    [0o660, '660'],
    [0o777, '777'],
  ])('has the mode %s, whatever the umask of the process', async (mode, expected) => {
    const path = socketPath()
    const before = process.umask(0o022)
    try {
      const found = await play(function* () {
        using _listener = yield* listen({ path, ...(mode === undefined ? {} : { mode }) }, driver)
        return modeOf(path)
      })

      expect(found).toBe(expected)
    } finally {
      process.umask(before)
    }
  })

  it('is the only one that is left, and none is after the close', async () => {
    const folder = join(socketDirectory(), basename(socketPath()))
    mkdirSync(folder)

    const during = await play(function* () {
      using _listener = yield* listen({ path: join(folder, 'x.sock') }, driver)
      return readdirSync(folder)
    })

    expect(during).toEqual(['x.sock'])
    expect(readdirSync(folder)).toEqual([])
  })

  it('of a program that has ended is replaced', async () => {
    const path = socketPath()
    await leaveStaleSocket(path)

    const text = await play(function* () {
      using listener = yield* listen({ path }, driver)
      return yield* exchange(listener.accept(), connect({ path }, driver))
    })

    expect(text).toBe('served')
    expect(existsSync(path)).toBe(false)
  })

  it('of another program that serves it is not', async () => {
    const path = socketPath()
    const other = net.createServer((socket) => socket.on('error', () => {}).end())
    await new Promise<void>((resolve) => other.listen(path, resolve))

    const error = await play(() => errorOf(listen({ path }, driver)))
    const left = existsSync(path)
    other.close()

    expect(error).toBeInstanceOf(ListenError)
    expect(error.code).toBe('EADDRINUSE')
    expect(left).toBe(true)
  })

  it.runIf(isBuilt)(
    'of a program that lives, but accepts too slowly, is not replaced either (skipped without the native part)',
    async () => {
      const path = socketPath()
      const slow = driverNamed('epoll')

      const { error, text } = await play(function* () {
        using listener = yield* listen({ path }, { driver: slow, backlog: 1 })
        const clients = yield* all([1, 2].map(() => connect({ path }, driver)))
        const error = yield* errorOf(listen({ path }, driver))
        const conn = yield* listener.accept()
        yield* conn.sendall('served')
        const text = `${yield* clients[0]!.recv()}`
        for (const one of [conn, ...clients]) one.close()
        return { error, text }
      })

      expect(error.code).toBe('EADDRINUSE')
      expect(text).toBe('served')
    },
  )

  it('is no regular file, whose content stays as it is', async () => {
    const path = socketPath()
    writeFileSync(path, 'content')

    const error = await play(() => errorOf(listen({ path, replace: true }, driver)))

    expect(error).toBeInstanceOf(ListenError)
    expect(error.message).toBe(
      `cannot listen on unix:${path}: what is there is not a socket; remove it, or choose another path (EEXIST)`,
    )
    expect(readFileSync(path, 'utf8')).toBe('content')
  })

  it('is no symbolic link either', async () => {
    const path = socketPath()
    await leaveStaleSocket(`${path}.real`)
    symlinkSync(`${path}.real`, path)

    const error = await play(() => errorOf(listen({ path }, driver)))

    expect(error.code).toBe('EEXIST')
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
  })

  it.each([
    ['is missing', 'ENOENT', 'its directory does not exist; create it first'],
    ['is a file', 'ENOTDIR', 'its directory is not a directory; choose another path'],
  ])('needs a directory: it %s', async (what, code, hint) => {
    const folder = socketPath()
    if (what === 'is a file') writeFileSync(folder, '')
    const path = join(folder, 'x.sock')

    const error = await play(() => errorOf(listen({ path }, driver)))

    expect(error).toBeInstanceOf(ListenError)
    expect(error.message).toBe(`cannot listen on unix:${path}: ${hint} (${code})`)
  })

  it('may have a path that leaves no room for the usual temporary name', async () => {
    const folder = join(socketDirectory(), 'd'.repeat(105 - socketDirectory().length - 1))
    mkdirSync(folder, { recursive: true })
    const paths = [join(folder, 's'), join(dirname(folder), 'n'.repeat(106 - dirname(folder).length))]

    const texts = await play(function* () {
      const texts: string[] = []
      for (const path of paths) {
        using listener = yield* listen({ path }, driver)
        texts.push(yield* exchange(listener.accept(), connect({ path }, driver)))
      }
      return texts
    })

    expect(paths.map((path) => path.length)).toEqual([107, 107])
    expect(texts).toEqual(['served', 'served'])
    expect(readdirSync(folder)).toEqual([])
  })

  it('is not removed at the close if another file is there by then, or none', async () => {
    const [path, other] = [socketPath(), socketPath()]

    await play(function* () {
      const listener = yield* listen({ path }, driver)
      rmSync(path)
      writeFileSync(path, 'another')
      listener.close()
      listener.close()
      const second = yield* listen({ path: other }, driver)
      rmSync(other)
      second.close()
    })

    expect(readFileSync(path, 'utf8')).toBe('another')
    expect(existsSync(other)).toBe(false)
  })

  it('is found at its close when the process has changed its directory', async () => {
    const before = process.cwd()
    const folder = join(socketDirectory(), basename(socketPath()))
    mkdirSync(folder)
    try {
      process.chdir(folder)
      await play(function* () {
        using _listener = yield* listen({ path: 'x.sock' }, driver)
        process.chdir('/')
      })
    } finally {
      process.chdir(before)
    }

    expect(readdirSync(folder)).toEqual([])
  })

  it('is not made by a listen that is given up', async () => {
    const path = socketPath()
    const before = openSockets()

    await play(function* () {
      const listening = yield* spawn(perform, listen({ path }, driver))
      yield* pause()
      yield* kill(listening)
      // It may have been done by then.
      if (listening.outcome?.kind === 'returned') listening.outcome.value.close()
    })
    await until('the descriptor is back', () => openSockets() === before)

    expect(existsSync(path)).toBe(false)
  })

  it('is not left when it cannot be renamed', async () => {
    const path = socketPath()
    await leaveStaleSocket(path)
    const before = openSockets()

    const error = await play(function* () {
      const listening = errorOf(listen({ path, replace: true }, driver))
      // Between the look at the path and the rename, which a directory hinders.
      queueMicrotask(() => {
        rmSync(path)
        mkdirSync(path)
      })
      return yield* listening
    })
    await until('the descriptor is back', () => openSockets() === before)

    expect(error).toBeInstanceOf(ListenError)
    expect(readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.`))).toEqual([])
  })

  it.skipIf(process.getuid?.() === 0)(
    'is not replaced if this process may not connect to it (skipped for root, who may)',
    async () => {
      const path = socketPath()
      await leaveStaleSocket(path)
      chmodSync(path, 0)

      const error = await play(() => errorOf(listen({ path }, driver)))

      expect(error.code).toBe('EACCES')
    },
  )

  it.skipIf(hasAbstractNames(driver.driver))(
    'is none for an abstract name, which Node 20 does not know',
    async () => {
      const path = '@bluelet-test'

      const errors = await play(function* () {
        return [yield* errorOf(listen({ path }, driver)), yield* errorOf(connect({ path }, driver))]
      })

      expect(errors.map(({ message }) => message)).toEqual([
        `cannot listen on unix:${path}: on the node driver, an abstract name needs Linux and Node 22 (ENOTSUP)`,
        `connect({ path: '${path}' }) failed: unix:${path}: ENOTSUP (on the node driver, an abstract name needs Linux and Node 22)`,
      ])
    },
  )

  it.runIf(hasAbstractNames(driver.driver))(
    'is none for an abstract name, which is free after the close',
    async () => {
      const path = `@bluelet-test-${process.pid}-${driver.driver}`

      const { texts, error } = await play(function* () {
        const texts: string[] = []
        let error: any
        for (let i = 0; i < 2; i++) {
          using listener = yield* listen({ path }, driver)
          error = yield* errorOf(listen({ path }, driver))
          texts.push(`${listener.address}`, yield* exchange(listener.accept(), connect({ path }, driver)))
        }
        return { texts, error }
      })

      expect(texts).toEqual([`unix:${path}`, 'served', `unix:${path}`, 'served'])
      expect(error.code).toBe('EADDRINUSE')
      expect(existsSync(path)).toBe(false)
    },
  )
})

function* exchange(
  accepting: ReturnType<import('@bluelet/net').Listener['accept']>,
  connecting: ReturnType<typeof connect>,
): Coroutine<string> {
  const [conn, client] = yield* all([accepting, connecting])
  yield* conn.sendall('served')
  conn.close()
  const text = `${yield* client.readall()}`
  client.close()
  return text
}
