// The monitor of a real process, by nc.
import { existsSync, lstatSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import {
  leavesNothingRunning,
  missing,
  named,
  type Program,
  start,
  typeScript,
} from '../../support/program.js'
import { leaveStaleSocket, socketPath } from '../unix/paths.js'

const noNc = missing('nc', ['-h'])

leavesNothingRunning()

/** Starts the fixture, and waits until its monitor listens. */
async function watched(
  path: string,
  env: NodeJS.ProcessEnv = {},
  flags: readonly string[] = [],
): Promise<Program> {
  const [node, args] = typeScript('test/net/monitor/fixtures/watched.ts')
  const program = start(node, [...flags, ...args], { MONITOR: path, ...env })
  await program.printed(/watched at|not watched/)
  return program
}

/** What nc prints for some commands. */
async function asked(path: string, ...commands: string[]): Promise<string> {
  const nc = start('nc', ['-NU', path])
    .write(commands.map((command) => `${command}\n`).join(''))
    .end()
  expect(await nc.ended()).toEqual({ code: 0, signal: null })
  return nc.stdout
}

describe(named('a monitor, by nc', noNc), { skip: noNc !== null }, () => {
  it('shows the tasks of a program, and removes its file at the end', async () => {
    const path = socketPath()
    const program = await watched(path)

    const text = await asked(path, 'ps', 'tree', 'top', 'where 2', 'why 2', 'foo', 'quit', 'ps')

    expect(lstatSync(path).mode & 0o777).toBe(0o600)
    expect(text).toMatch(/^id +state +steps +run ms +since +waits for +last woken by +name\n/)
    expect(text).toMatch(/\n +2 +parked +2 +\d.* sleep\(1000000\) +its spawn +waiter\n/)
    expect(text).toContain('main#1 join(worker#3)\n  waiter#2 sleep(1000000)\n')
    expect(text).toMatch(/\n4 tasks; since the monitor began 4 tasks spawned, \d+ steps\n/)
    expect(text).toMatch(
      /\nwaiter#2 in waiter at .*watched\.[tj]s:\d+:\d+\nwaiter#2 in callee at .*watched\.[tj]s:\d+:\d+\n/,
    )
    expect(text).toContain('waiter#2 was made ready by its spawn')
    expect(text).toMatch(/there is no command "foo"; help lists the commands\n$/)
    program.write('end\n')
    expect(await program.ended()).toEqual({ code: 0, signal: null })
    expect(program.stdout).toMatch(/ended\n$/)
    expect(existsSync(path)).toBe(false)
  })

  it.each([['true'], ['false']])(
    'answers while the loop hangs, with locals if control is %s',
    async (control) => {
      const path = socketPath()
      const program = await watched(path, { CONTROL: control })
      program.write('hang 3000\n')
      await delay(800)

      const began = performance.now()
      const text = await asked(path, 'ps')
      const ms = performance.now() - began

      expect(text).toMatch(
        /^the loop does not answer: a step of task 3 has run for \d+ ms\nright now it runs\n/,
      )
      expect(text).toMatch(/\n {4}at busy \(.*watched\.[tj]s:\d+:\d+\)\n/)
      expect(text).toMatch(/\n {4}at worker \(.*watched\.[tj]s:\d+:\d+\)\n/)
      expect(text).toMatch(/ running .* worker\n/)
      expect(text).toMatch(/\nwaiter#2 in callee at .*watched\.[tj]s:\d+:\d+\n/)
      expect(/answer = 42/.test(text) && /word = "hello"/.test(text)).toBe(control === 'true')
      // While the loop hangs, and without the start of nc: some 30 ms.
      expect(ms).toBeLessThan(1500)
      expect(program.stdout).not.toContain('done')
      await program.printed(/done: hang/)
      expect(await asked(path, 'ps')).toMatch(/^id /)
      program.write('end\n')
      await program.ended()
    },
  )

  it('says so while the program is in a call of the system', async () => {
    const path = socketPath()
    const program = await watched(path)
    program.write('block 2500\n')
    await delay(700)

    expect(await asked(path, 'ps')).toMatch(
      /^the loop does not answer: a step of task 3 has run for \d+ ms\nno lines: the program does not answer its inspector\n$/,
    )
    expect(await asked(path, 'top')).toMatch(/\nnow: a step of task 3 has run for \d+ ms\n$/)
    await program.printed(/done: block/)
    expect(await asked(path, 'ps')).toMatch(/^id /)
    program.write('end\n')
    expect(await program.ended()).toEqual({ code: 0, signal: null })
  })

  it('leaves a program alone that another debugger has paused', async () => {
    const path = socketPath()
    const program = await watched(path)
    program.write('debug 1500\n')
    await program.printed(/paused/)

    const text = await asked(path, 'ps')

    expect(text).toContain('\nwhat it runs is not known: another debugger has paused the program\n')
    expect(text).toMatch(/ waiter\n/)
    program.write('end\n')
    expect(await program.ended()).toEqual({ code: 0, signal: null })
  })

  it('works in a program that is started with --inspect', async () => {
    const path = socketPath()
    const program = await watched(path, {}, ['--inspect=127.0.0.1:0'])

    expect(await asked(path, 'where 2')).toMatch(/\nwaiter#2 in callee at .*watched\.[tj]s:\d+:\d+\n$/)
    program.write('end\n')
    expect(await program.ended()).toEqual({ code: 0, signal: null })
  })

  it('cancels a task only if the program allows it', async () => {
    const path = socketPath()
    const program = await watched(path)
    expect(await asked(path, 'cancel 2')).toMatch(/^cancel: not allowed/)
    expect(await asked(path, 'ps waiter')).toContain(' waiter\n')
    const allowed = socketPath()
    const other = await watched(allowed, { CONTROL: 'true' })
    expect(await asked(allowed, 'cancel 2')).toBe('waiter#2 is being cancelled\n')
    expect(await asked(allowed, 'ps waiter')).not.toContain(' waiter\n')
    for (const each of [program, other])
      expect(await each.write('end\n').ended()).toEqual({ code: 0, signal: null })
  })

  it('shows a circle of tasks that wait for each other', async () => {
    const path = socketPath()
    const program = await watched(path)
    program.write('circle\n')
    await program.printed(/done: circle/)

    expect(await asked(path, 'waits')).toMatch(
      /^circle, which never ends: waitsFor#5 waits for waitsFor#6 waits for waitsFor#5\nmain#1 waits for worker#3\n/,
    )
    program.kill('SIGKILL') // A circle never ends.
  })

  it.each([['epoll'], ['node']])('records a server under load, on the %s driver', async (driver) => {
    const path = socketPath()
    const program = await watched(path, { PORT: '0', BLUELET_DRIVER: driver })
    const [, port] = await program.printed(/on port (\d+)/)
    let echoes = 0
    const clients = Array.from({ length: 16 }, () => {
      const client = net.connect(Number(port), '127.0.0.1', () => client.write('x'))
      client.on('data', () => {
        echoes++
        client.write('x')
      })
      return client
    })

    const { header, events } = parse(await asked(path, 'trace 1s'))
    const top = await asked(path, 'top')
    for (const client of clients) client.destroy()

    expect(header.clock).toBe('real')
    expect(echoes).toBeGreaterThan(1000)
    expect(events.length).toBeGreaterThan(10_000)
    expect(events.filter(({ e }) => e === 'resume').length).toBeGreaterThan(1000)
    expect(events.some((event) => 'value' in event)).toBe(false)
    expect(top).toMatch(/^last .*: \d{3,} steps\/s/m)
    program.write('end\n')
    expect(await program.ended()).toEqual({ code: 0, signal: null })
  })

  it('keeps a program alive while that waits until it listens, and no longer', async () => {
    const path = socketPath()
    const [node, args] = typeScript('test/net/monitor/fixtures/brief.ts')
    const program = start(node, args, { MONITOR: path })

    expect(await program.ended()).toEqual({ code: 0, signal: null })
    expect(program.stdout).toBe(`unix:${path}\n`)
    expect(existsSync(path)).toBe(false)
  })

  it('replaces the file of a program that was killed, and no other', async () => {
    const path = socketPath()
    const killed = await watched(path)
    killed.kill('SIGKILL')
    await killed.ended()
    expect(existsSync(path)).toBe(true)

    const program = await watched(path)
    expect(await asked(path, 'ps waiter')).toContain(' waiter\n')
    const second = await watched(path)
    expect(second.stdout).toMatch(/^not watched: .*EADDRINUSE/)
    expect(second.stderr).toMatch(/Warning: the monitor does not work: .*EADDRINUSE/)
    second.write('end\n')
    expect(await second.ended()).toEqual({ code: 0, signal: null })
    expect(await asked(path, 'ps waiter')).toContain(' waiter\n')
    program.write('end\n')
    await program.ended()

    const file = socketPath()
    writeFileSync(file, 'kept')
    expect((await watched(file)).stdout).toMatch(/^not watched: .*EEXIST/)
    const stale = socketPath()
    await leaveStaleSocket(stale)
    expect((await watched(stale)).stdout).toMatch(/^watched/)
  })

  it('is not disturbed by clients that stop reading, and by bytes that are no commands', async () => {
    const path = socketPath()
    const program = await watched(path)
    const clients = Array.from({ length: 8 }, () => net.connect(path))
    // Some 30 MB of answers, none of which is read.
    for (const client of clients) {
      client.on('error', () => {})
      client.pause()
      for (let i = 0; i < 10_000; i++) client.write('help\nps\n')
    }
    for (let i = 0; i < 3; i++) await asked(path, 'x'.repeat(100_000), '\u0000\u00ff')

    expect(await asked(path, 'ps waiter')).toContain(' waiter\n')
    for (const client of clients) client.destroy()
    program.write('end\n')
    expect(await program.ended()).toEqual({ code: 0, signal: null })
    expect(program.stderr).toBe('')
  })
})
