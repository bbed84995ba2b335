// Promise 8 of the network: a handler that fails, its connection and its tasks, and the report of
// its error.

import type { ServerOptions } from '@bluelet/net'
import { group, kill, pause, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { ClockHost } from '../../support/clock-host.js'
import { settled, until } from '../../support/deadline.js'
import { internals } from '../../support/internals.js'
import type { Peer } from '../../support/peer.js'
import { play } from '../world.js'
import { client, request, serveWithoutGrace } from './peers.js'

describe('a handler that fails', () => {
  it('has its connection closed and is reported once, with its connection and its task', async () => {
    const failure = new Error('the handler’s own')

    const { reports, peer, reply } = await play(function* () {
      const { task, port, reports } = yield* serveWithoutGrace(function* handler(conn) {
        if (String(yield* conn.recv()) === 'fail') throw failure
        yield* conn.sendall('fine')
      })
      const peer: Peer = yield client(port, 'fail')
      yield peer.finish()
      const reply: string = yield request(port, 'work')
      yield* kill(task)
      return { reports, peer, reply }
    })

    expect(peer.ended).toBe(true)
    expect(reply).toBe('fine')
    expect(reports).toHaveLength(1)
    expect(reports[0]!.error).toBe(failure)
    expect(reports[0]!.task.name).toBe('handler')
    expect(reports[0]!.from).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(failure.stack).toContain('in task handler#')
  })

  it('does not disturb other handlers, even during an exchange', async () => {
    const reply = await play(function* () {
      const { task, port, reports } = yield* serveWithoutGrace(function* (conn) {
        const line = String(yield* conn.readline())
        if (line === 'fail\n') throw new Error('fail')
        yield* conn.sendall(yield* conn.readline())
      })
      const steady: Peer = yield client(port, 'first\n')
      for (let i = 0; i < 20; i++) yield client(port, 'fail\n')
      yield until('all reports', () => reports.length === 20)
      steady.write('second\n')
      yield steady.finish()
      yield* kill(task)
      return steady.text
    })

    expect(reply).toBe('second\n')
  })

  it.each([undefined, null, 0, ''])('is reported, whatever it throws: %s', async (thrown) => {
    const reports = await play(function* () {
      const { task, port, reports } = yield* serveWithoutGrace(function* () {
        throw thrown
      })
      const peer: Peer = yield client(port)
      yield peer.finish()
      yield* kill(task)
      return reports
    })

    expect(reports.map(({ error }) => error)).toEqual([thrown])
  })

  it('is printed if there is no onError', async () => {
    const host = new ClockHost()

    await new Scheduler({ host }).run(function* () {
      const { task, port } = yield* serveWithoutGrace(
        function* () {
          throw new Error('printed')
        },
        { onError: undefined } as unknown as ServerOptions, // As if none had been given.,
      )
      const peer: Peer = yield client(port)
      yield peer.finish()
      yield* kill(task)
    })

    expect(host.reports.map(String)).toEqual(['Error: printed'])
  })

  it('does not end the server if onError throws too', async () => {
    const host = new ClockHost()

    const reply = await new Scheduler({ host }).run(function* () {
      const { task, port } = yield* serveWithoutGrace(
        function* (conn) {
          if (String(yield* conn.recv()) === 'fail') throw new Error('the handler')
          yield* conn.sendall('fine')
        },
        {
          onError: () => {
            throw new Error('onError itself')
          },
        },
      )
      const peer: Peer = yield client(port, 'fail')
      yield peer.finish()
      const reply: string = yield request(port, 'work')
      yield* kill(task)
      return reply
    })

    expect(reply).toBe('fine')
    expect(host.reports.map(String)).toEqual(['Error: onError itself'])
  })

  it('cancels the handler and its other tasks if the error is in a spawned task', async () => {
    const log: string[] = []

    const { reports, ended } = await play(function* () {
      const { task, port, reports } = yield* serveWithoutGrace(function* handler(conn) {
        try {
          yield* spawn(function* sibling() {
            try {
              yield* sleep(1e6)
            } finally {
              log.push('sibling')
            }
          })
          // Its bytes may be here already, and then it fails in its first step.
          yield* spawn(function* failing() {
            yield* conn.recv()
            throw new Error('spawned')
          })
          yield* sleep(1e6)
        } finally {
          log.push('handler')
        }
      })
      const peer: Peer = yield client(port, 'x')
      yield peer.finish()
      yield until('the clean-up', () => log.length === 2)
      yield* kill(task)
      return { reports, ended: peer.ended }
    })

    expect(ended).toBe(true)
    expect(log.sort()).toEqual(['handler', 'sibling'])
    expect(reports).toHaveLength(1)
    expect(reports[0]!.task.name).toBe('failing')
  })

  it('ends once, together with a task of its own that has not begun, and the server can end', async () => {
    const begun: string[] = []

    const reports = await play(function* () {
      const { task, port, reports } = yield* serveWithoutGrace(function* () {
        yield* spawn(function* () {
          begun.push('child')
          yield* pause()
        })
        throw new Error('at once')
      })
      const peer: Peer = yield client(port)
      yield peer.finish()
      yield* kill(task)
      return reports
    })

    expect(reports.map(({ error }) => String(error))).toEqual(['Error: at once'])
    expect(begun).toEqual([])
  })

  it('is reported once, even if its clean-up and its other tasks fail too', async () => {
    const reports = await play(function* () {
      const { task, port, reports } = yield* serveWithoutGrace(function* (conn) {
        yield* spawn(function* () {
          try {
            yield* sleep(1e6)
          } finally {
            yield* conn.sendall('goodbye')
          }
        })
        yield* conn.recv()
        throw new Error('first')
      })
      const peer: Peer = yield client(port, 'x')
      yield peer.finish()
      yield* kill(task)
      return reports
    })

    expect(reports.map(({ error }) => String(error))).toEqual(['Error: first'])
  })

  it('leaves no task that its clean-up spawned', async () => {
    const host = new ClockHost()

    const left = await new Scheduler({ host }).run(function* () {
      const { task, port, reports } = yield* serveWithoutGrace(function* handler(conn) {
        yield* spawn(function* () {
          try {
            yield* sleep(1e9)
          } finally {
            yield* spawn(function* straggler() {
              yield* sleep(1e9)
            })
          }
        })
        yield* conn.recv()
        throw new Error('first')
      })
      const peer: Peer = yield client(port, 'x')
      yield peer.finish()
      yield until('a report', () => reports.length > 0)
      const scheduler = internals(task)
      const stragglers = () => scheduler.snapshot().filter(({ name }) => name === 'straggler')
      yield until('the straggler', () => stragglers().length === 1)
      // Two grace periods: one for the clean-up, one for the tasks that it spawned.
      for (let i = 0; i < 3; i++) {
        host.advance(5000)
        yield settled(() => stragglers().length, 20)
      }
      const left = stragglers().length
      if (left > 0) host.advance(1e9)
      yield* kill(task)
      return left
    })

    expect(left).toBe(0)
  })

  it('is reported once if the error is in a group', async () => {
    const reports = await play(function* () {
      const { task, port, reports } = yield* serveWithoutGrace(function* (conn) {
        yield* group(function* (g) {
          yield* g.spawn(function* () {
            yield* conn.recv()
            throw new Error('in a group')
          })
        })
      })
      const peer: Peer = yield client(port, 'x')
      yield peer.finish()
      yield* kill(task)
      return reports
    })

    expect(reports.map(({ error }) => String(error))).toEqual(['Error: in a group'])
  })
})
