// A server that is killed: its listener, its handlers and their tasks.

import { server } from '@bluelet/net'
import { nodeDriver } from '@bluelet/net/driver'
import { kill, pause, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { settled, turn, until } from '../../support/deadline.js'
import { internals } from '../../support/internals.js'
import { openSockets } from '../../support/leaks.js'
import { dial, type Peer } from '../../support/peer.js'
import { echoer } from '../simulated-pair.js'
import { driverLike, LOOPBACK, play, rejection, tellingAfter } from '../world.js'
import { client, serveWithoutGrace } from './peers.js'

describe('a server that is killed', () => {
  it('stops listening, runs the handlers’ finally blocks and waits for them', async () => {
    const log: string[] = []

    const { error, texts } = await play(function* () {
      const { task, port } = yield* serveWithoutGrace(function* (conn) {
        try {
          yield* conn.sendall('hello ')
          yield* sleep(1e6)
        } finally {
          yield* sleep(2)
          yield* conn.sendall('goodbye')
          log.push('cleaned up')
        }
      })
      const peers: Peer[] = yield Promise.all([client(port), client(port)])
      for (const peer of peers) yield peer.until('hello', () => peer.text === 'hello ')
      yield* kill(task)
      log.push('killed')
      for (const peer of peers) yield peer.finish()
      const error: NodeJS.ErrnoException = yield rejection(dial(port))
      return { error, texts: peers.map(({ text }) => text) }
    })

    expect(log).toEqual(['cleaned up', 'cleaned up', 'killed'])
    expect(texts).toEqual(['hello goodbye', 'hello goodbye'])
    expect(error.code).toBe('ECONNREFUSED')
  })

  it('begins to kill all its handlers at once, so that a slow clean-up does not delay the others', async () => {
    const log: string[] = []

    await play(function* () {
      let count = 0
      const { task, port } = yield* serveWithoutGrace(function* () {
        const name = ++count
        try {
          yield* sleep(1e6)
        } finally {
          log.push(`${name} begins`)
          yield* sleep(5)
          log.push(`${name} ends`)
        }
      })
      yield Promise.all([client(port), client(port), client(port)])
      yield until('three handlers', () => count === 3)
      yield* kill(task)
    })

    expect(log.slice(0, 3).sort()).toEqual(['1 begins', '2 begins', '3 begins'])
    expect(log).toHaveLength(6)
  })

  it('kills what the handlers have spawned, even if the handler itself has ended', async () => {
    const log: string[] = []

    await play(function* () {
      const { task, port } = yield* serveWithoutGrace(function* () {
        yield* spawn(function* () {
          log.push('spawned')
          try {
            yield* sleep(1e6)
          } finally {
            log.push('cleaned up')
          }
        })
      })
      yield client(port)
      yield until('the spawned task', () => log.length === 1)
      yield* kill(task)
      log.push('killed')
    })

    expect(log).toEqual(['spawned', 'cleaned up', 'killed'])
  })

  it('cleans up after every handler even if one clean-up fails, and reports that once', async () => {
    const log: string[] = []

    const reports = await play(function* () {
      let count = 0
      const { task, port, reports } = yield* serveWithoutGrace(function* () {
        const name = ++count
        try {
          yield* sleep(1e6)
        } finally {
          log.push(`${name} cleaned up`)
          // biome-ignore lint/correctness/noUnsafeFinally: the subject of this test.
          if (name === 1) throw new Error('clean-up of 1')
        }
      })
      yield Promise.all([client(port), client(port), client(port)])
      yield until('three handlers', () => count === 3)
      yield* kill(task)
      return reports
    })

    expect(log.sort()).toEqual(['1 cleaned up', '2 cleaned up', '3 cleaned up'])
    expect(reports.map(({ error }) => String(error))).toEqual(['Error: clean-up of 1'])
  })

  it('reports an error that a handler throws while it is being killed', async () => {
    const reports = await play(function* () {
      let ready = 0
      const { task, port, reports } = yield* serveWithoutGrace(function* (conn) {
        yield* spawn(function* () {
          try {
            ready++
            yield* sleep(1e6)
          } finally {
            yield* sleep(2)
            // biome-ignore lint/correctness/noUnsafeFinally: the subject of this test.
            throw new Error('late')
          }
        })
        yield* conn.recv()
      })
      yield client(port)
      yield until('the spawned task', () => ready === 1)
      yield* kill(task)
      return reports
    })

    expect(reports.map(({ error }) => String(error))).toEqual(['Error: late'])
  })

  it('leaves nothing open if it was about to listen', async () => {
    const before = openSockets()

    await play(function* () {
      for (let turns = 0; turns < 4; turns++) {
        const task = yield* spawn(server(LOOPBACK, 0, echoer))
        for (let i = 0; i < turns; i++) yield pause()
        yield* kill(task)
      }
    })
    await until('the descriptors are back', () => openSockets() === before)

    expect(openSockets()).toBe(before)
  })

  it('closes an accepted connection that has no handler yet', async () => {
    const before = openSockets()
    let serving: Task | undefined
    let killed = false
    // Kills the server at the moment when a connection wakes it.
    const driver = driverLike(nodeDriver, {
      listen: (target, done) =>
        nodeDriver.listen(target, (error, listener) => {
          if (listener === null) done(error, null)
          else
            done(
              null,
              tellingAfter(listener, () => {
                killed = true
                if (serving !== undefined) internals(serving).cancel(serving)
              }),
            )
        }),
    })

    await play(function* () {
      const { task, port } = yield* serveWithoutGrace(echoer, { driver })
      serving = task
      const peer: Peer = yield dial(port)
      yield until('the kill', () => killed)
      yield* kill(task)
      yield settled(() => openSockets())
      peer.socket.destroy()
    })
    await until('the descriptors are back', () => openSockets() === before)

    expect(openSockets()).toBe(before)
  })

  it('lets its handlers clean up before an aborted run rejects', async () => {
    const controller = new AbortController()
    const log: string[] = []

    const error = await rejection(
      play(
        function* () {
          const { port } = yield* serveWithoutGrace(function* () {
            try {
              yield* sleep(1e6)
            } finally {
              yield* sleep(2)
              log.push('cleaned up')
            }
          })
          yield client(port)
          for (let i = 0; i < 20; i++) yield turn()
          controller.abort(new Error('stop'))
        },
        { signal: controller.signal },
      ),
    )

    expect(error.message).toBe('stop')
    expect(log).toEqual(['cleaned up'])
  })
})
