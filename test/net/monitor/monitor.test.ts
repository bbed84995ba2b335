// The thread of the monitor and the monitored one together: in one thread, except for one test.
import { existsSync, lstatSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { MessageChannel } from 'node:worker_threads'
import { monitor } from '@bluelet/net/monitor'
import { Scheduler } from '@bluelet/scheduler'
import { describe, expect, it, vi } from 'vitest'
import { makeCounters } from '../../../packages/net/src/monitor/counters.js'
import type { Reachable, ToMonitored } from '../../../packages/net/src/monitor/messages.js'
import { serve } from '../../../packages/net/src/monitor/serve.js'
import { socketPath } from '../unix/paths.js'
import { rejection } from '../world.js'

/** What a client of a Unix socket gets for its bytes. */
function replyTo(path: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path)
    let reply = ''
    socket.setEncoding('utf8')
    socket.on('data', (text) => {
      reply += text
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(reply))
    socket.end(bytes)
  })
}

/** A monitor's server in this thread, whose questions the test answers. */
async function served(path: string, answer: (command: string) => string, target: object = { path }) {
  const { port1, port2 } = new MessageChannel()
  const told: ToMonitored[] = []
  const listening = new Promise<void>((resolve) => {
    port1.on('message', (message: ToMonitored) => {
      told.push(message)
      if (message.kind === 'question') {
        port1.postMessage({ kind: 'answer', id: message.id, text: answer(message.command), more: false })
      } else resolve()
    })
  })
  const beginning = {
    target: target as { path: string },
    control: false,
    counters: makeCounters(),
    origin: 0,
    reachable: null,
  }
  const ended = serve(port2, beginning)
  await listening
  return {
    told,
    async close() {
      port1.postMessage({ kind: 'close' })
      await ended
    },
  }
}

describe('serve', () => {
  it('listens at a path that only its user can connect to, and answers', async () => {
    const path = socketPath()
    const server = await served(path, (command) => `<${command}>\n`)

    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await replyTo(path, 'ps\ntop\n')).toMatch(/^<ps>\n0 tasks;/)
    const { dev, ino } = lstatSync(path)
    expect(server.told[0]).toEqual({ kind: 'listening', address: `unix:${path}`, file: { path, dev, ino } })

    await server.close()
    expect(existsSync(path)).toBe(false)
  })

  it('tells the seventeenth client that there are too many', async () => {
    const path = socketPath()
    const server = await served(path, () => '')
    const clients = Array.from({ length: 16 }, () => net.connect(path))
    await Promise.all(clients.map((client) => new Promise((resolve) => client.once('connect', resolve))))

    expect(await replyTo(path, 'ps\n')).toBe('too many clients: 16 at most\n')

    for (const client of clients) client.destroy()
    await server.close()
  })

  it('serves a browser at the address that it gives', async () => {
    const server = await served('', () => '{}\n', { host: '127.0.0.1', port: 0 })
    const { address } = server.told[0] as { address: string }
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{32}$/)

    const response = await fetch(address.replace('/?', '/live?'))
    const reader = response.body!.getReader()
    let text = ''
    while (!text.includes('data:')) text += Buffer.from((await reader.read()).value!).toString()
    await reader.cancel()

    expect(text).toMatch(/^retry: 1000\n\ndata: \{\}\n\n/)
    expect((await fetch(address.replace(/token=.*/, ''))).status).toBe(403)
    await server.close()
  })

  it('says why it cannot listen', async () => {
    const path = socketPath()
    writeFileSync(path, '')

    const server = await served(path, () => '')

    expect(server.told).toEqual([
      { kind: 'failed', error: expect.objectContaining({ message: expect.stringContaining('EEXIST') }) },
    ])
    await server.close()
  })
})

it('the inspector reaches what answers, while the monitor works', async () => {
  const define = vi.spyOn(Object, 'defineProperty')
  const watching = monitor({ path: socketPath() })
  const reaching = define.mock.calls.filter(([target]) => target === globalThis).map(([, key]) => key)
  const reachable = () => (globalThis as unknown as Record<PropertyKey, Reachable | undefined>)[reaching[0]!]

  expect(reachable()?.answer('ps')).toMatch(/^ *id /)
  expect(reachable()?.answer('cancel 1')).toMatch(/not allowed/)
  expect(reachable()?.coroutinePairs('')).toEqual([])

  await watching.close()
  expect(reachable()).toBe(undefined)
})

it('the file of the thread does nothing in another one', async () => {
  await import('../../../packages/net/src/monitor/worker.js')
})

describe('monitor', () => {
  it('answers from a thread of its own, and removes its file', async () => {
    const path = socketPath()
    await using watching = monitor({ path })
    const scheduler = new Scheduler()

    expect(await watching.listening).toBe(`unix:${path}`)
    let reply = ''
    await scheduler.run(function* main() {
      reply = (yield replyTo(path, 'trace 1ms\nps\n')) as string
    })

    expect(reply).toMatch(/^\{"schema":"bluelet-trace\/1",/)
    expect(reply).toMatch(/ parked .* wait\(\) .* main\n$/)
    await watching.close()
    expect(existsSync(path)).toBe(false)
  })

  it('removes its file at the exit of the process, but no other file', async () => {
    const path = socketPath()
    const once = vi.spyOn(process, 'once')
    await using watching = monitor({ path })
    await watching.listening
    const exits = once.mock.calls.filter(([event]) => event === 'exit').map(([, listener]) => listener)
    expect(exits).toHaveLength(1)

    exits[0]!()
    expect(existsSync(path)).toBe(false)

    writeFileSync(path, '')
    exits[0]!()
    await watching.close()
    expect(existsSync(path)).toBe(true)
  })

  it('prints the address for a browser, and records for it', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    await using watching = monitor({ port: 0 })
    const address = await watching.listening
    expect(write).toHaveBeenCalledWith(`monitor: ${address}\n`)
    write.mockRestore()

    const response = await fetch(address.replace('/?', '/live?'))
    const reader = response.body!.getReader()
    let text = ''
    while (!text.includes('data:')) text += Buffer.from((await reader.read()).value!).toString()
    await reader.cancel()

    expect(text).toContain('event: problem\ndata: trace: there is no scheduler with tasks\n')
  })

  it('warns if it cannot listen, and lets the program go on', async () => {
    const path = socketPath()
    writeFileSync(path, '')
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})

    const watching = monitor({ path })

    expect((await rejection(watching.listening)).message).toContain('EEXIST')
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^the monitor does not work: .*EEXIST/))
    await watching.close()
    expect(existsSync(path)).toBe(true)
    unlinkSync(path)
  })

  it.each([
    [{}, 'monitor(options): expected either a path or a port, got neither'],
    [{ path: '/tmp/x', port: 0 }, 'expected either a path or a port, got both'],
    [{ path: 7 }, 'monitor({ path }): expected a path as a string, got 7'],
    [{ port: -1 }, 'expected a port from 0 to 65535, got -1'],
    [{ path: '' }, 'expected a path'],
    [{ path: 'x'.repeat(200) }, 'at most 107 bytes'],
    [{ path: '@x' }, 'every user could connect to an abstract name, got "@x"'],
    [{ path: '/tmp/x', control: 1 }, 'monitor: control: expected true or false, got 1'],
  ])('refuses %j', (options, message) => {
    expect(() => monitor(options as never)).toThrow(message)
  })
})
