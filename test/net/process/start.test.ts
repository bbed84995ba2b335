// start: programs of the system that run beside their task. A few tests that reach every line; the
// others are in start.long.ts, since a process takes time.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { StartError, start } from '@bluelet/net'
import { all, kill, pause, race, Scheduler, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it, vi } from 'vitest'
import { errorOf, perform, play, rejection } from '../world.js'
import { commands, leavesNoProcess, processes, script } from './programs.js'

leavesNoProcess()

const PIPED = { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' } as const

describe('start', () => {
  it('gives a process whose streams are read and written as a connection is', async () => {
    const got = await play(function* () {
      const p = yield* start(...script('read line; echo "$line"; cat; echo end >&2'), PIPED)
      yield* p.stdin.sendall('first\nsecond')
      p.stdin.shutdown()
      const line = yield* p.stdout.readline('\n', { encoding: 'utf8' })
      const exit = yield* p.exited
      const rest = [`${yield* p.stdout.readall()}`, `${yield* p.stderr.readall()}`]
      return [line, exit, ...rest, p.signal('SIGHUP'), yield* p.stop(), yield* p.exited]
    })

    const exit = { code: 0, signal: null }
    expect(got).toEqual(['first', exit, 'second', 'end\n', false, exit, exit])
  })

  it('takes files as its streams', async () => {
    const directory = mkdtempSync(joinPath(tmpdir(), 'bluelet-start-'))
    const [input, output] = ['in', 'out'].map((name) => joinPath(directory, name)) as [string, string]
    writeFileSync(input, 'from a file\n')
    const both = { path: output, append: true }

    await play(function* () {
      const streams = { stdin: { path: input }, stdout: both, stderr: both }
      yield* (yield* start(...script('cat; echo error >&2'), streams)).exited
    })

    const text = readFileSync(output, 'utf8')
    rmSync(directory, { recursive: true })
    expect(text).toBe('from a file\nerror\n')
  })

  it('says what is missing', async () => {
    const [program, file] = await play(function* () {
      yield* race([start('bluelet-nosuch'), pause()])
      return [
        yield* errorOf(start('bluelet-nosuch')),
        yield* errorOf(start('true', [], { stdin: { path: '/nosuch' } })),
      ]
    })

    const uncaught = await rejection(play(perform(start('bluelet-nosuch'))))

    expect([program, file].every((error) => error instanceof StartError)).toBe(true)
    expect(uncaught.stack).toContain("after its yield of start('bluelet-nosuch')")
    expect([program.message, file.message]).toEqual([
      `start('bluelet-nosuch'): cannot be started: there is no program "bluelet-nosuch" in any directory of PATH (ENOENT)`,
      `start('true'): cannot be started: cannot open "/nosuch": there is no such file or directory (ENOENT)`,
    ])
  })

  it('takes only signals that there are', async () => {
    const { signal, text, error } = await play(function* () {
      const p = yield* start('sleep', ['30'])
      let error: unknown
      try {
        p.signal('TERM')
      } catch (thrown) {
        error = thrown
      }
      p.signal('SIGHUP')
      return { ...(yield* p.exited), error, text: `${p}`.replace(/\d+/, 'n') }
    })

    expect([signal, text]).toEqual(['SIGHUP', "start('sleep') (process n)"])
    expect((error as Error).message).toBe(
      `start('sleep'): signal(name): expected the name of a signal, such as 'SIGHUP', got "TERM"`,
    )
  })
})

describe('a process', () => {
  it('ends with its task, with what it has left behind in its group', async () => {
    const left = await play(function* () {
      const task = yield* spawn(function* () {
        const p = yield* start(...script('(trap "" TERM; echo; exec sleep 30) & read line'), PIPED)
        yield* p.stdout.readline()
        p.stdin.shutdown()
        yield* p.exited
        return yield* p.stop({ grace: 0 })
      })
      yield* task
      return commands()
    })

    expect(left).toEqual([])
  })

  it('stops what it has left behind in its group, once it has ended', async () => {
    const [exit, left] = await play(function* () {
      const p = yield* start(...script('sleep 60 & exit 3'), { stdout: 'ignore', stderr: 'ignore' })
      yield* p.exited
      const exit = yield* p.stop()
      return [exit, commands()]
    })

    expect(exit).toEqual({ code: 3, signal: null })
    expect(left).toEqual([])
  })

  it('ends with its task, which gives up output that another process could still write', async () => {
    const text = 'setsid sh -c "trap \'\' HUP; echo; exec sleep 30" & read line'

    const rest = await play(function* () {
      const p = yield* yield* spawn(function* () {
        const p = yield* start(...script(text), PIPED)
        yield* p.stdout.readline()
        p.stdin.shutdown()
        yield* p.exited
        return p
      })
      return yield* p.stdout.recv()
    })

    for (const { pid } of processes()) process.kill(pid, 'SIGKILL')
    expect(rest).toHaveLength(0)
  })

  it('can be disposed of', async () => {
    const left = await play(function* () {
      const p = yield* start('sleep', ['30'])
      p[Symbol.dispose]()
      yield p[Symbol.asyncDispose]()
      yield* errorOf(all([start('sleep', ['30']), start('bluelet-nosuch')]))
    }).then(commands)

    expect(left).toEqual([])
  })

  it('is forced to end if this process exits before', async () => {
    const exit = await play(function* () {
      const p = yield* start('sleep', ['30'])
      // What is called then; a process that exits is tried in start.long.ts.
      for (const listener of process.listeners('exit')) if (listener.name === 'killLiving') listener(0)
      return yield* p.exited
    })

    expect(exit.signal).toBe('SIGKILL')
    expect(process.listeners('exit').filter(({ name }) => name === 'killLiving')).toEqual([])
  })

  it('that this process may not stop is an error, of its task, too', async () => {
    const real = process.kill.bind(process)
    const spy = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
    })
    const errors: Error[] = []

    const last = await rejection(
      play(function* () {
        const p = yield* start('sleep', ['30'], { grace: 1 })
        try {
          p.signal('SIGHUP')
        } catch (error) {
          errors.push(error as Error)
        }
        errors.push(yield* errorOf(p.stop()), yield* errorOf(p.stop({ grace: 0 })))
      }),
    )

    spy.mockRestore()
    for (const { pid } of processes()) real(pid, 'SIGKILL')
    const reason = 'the process belongs to another user, and this one may not end it (EPERM)'
    expect([...errors, last].map(({ message }) => message)).toEqual([
      `start('sleep'): cannot send SIGHUP: ${reason}`,
      `start('sleep'): cannot send SIGKILL: ${reason}`,
      `start('sleep'): cannot send SIGKILL: ${reason}`,
      `start('sleep'): cannot send SIGKILL: ${reason}`,
    ])
  })

  it('is what a task waits for, in a snapshot', async () => {
    const scheduler = new Scheduler()
    const waitOf = ({ id }: Task) => scheduler.snapshot().find((task) => task.id === id)?.waitsFor

    const waits = await scheduler.run(function* () {
      const waits: (string | undefined)[] = []
      const task = yield* spawn(function* () {
        const p = yield* start(...script('trap "" TERM; echo; exec sleep 30'), PIPED)
        yield* p.stdout.readline()
        const [stops, exits] = [yield* spawn(() => perform(p.stop())), yield* spawn(() => perform(p.exited))]
        while (!waitOf(stops) || !waitOf(exits)) yield* pause()
        waits.push(waitOf(stops), waitOf(exits))
        yield* all([kill(stops), kill(exits)])
      })
      while (!waitOf(task)?.startsWith('the end')) yield* sleep(1)
      waits.push(waitOf(task))
      yield* kill(task, { grace: 0 })
      return waits
    })

    expect(waits).toEqual(["start('sh'): stop()", "start('sh'): exited", "the end of start('sh')"])
  })
})

describe('a wrong argument of start', () => {
  const streams = "expected 'pipe', 'inherit', 'ignore' or { path }, got"

  it.each([
    ['file', [1], 'start(file, args, options): file: expected a string, got 1'],
    [
      'a NUL in the file',
      ['a\0b'],
      'start(file, args, options): file: expected a string without a NUL byte, got "a\\u0000b"',
    ],
    [
      'args',
      ['x', 'y'],
      `start('x'): args: expected an array of strings, such as ['-l'], got "y"; no shell splits it`,
    ],
    ['options', ['x', [], 5], `start('x'): options: expected an object such as { cwd }, got 5`],
    ['null', ['x', [], null], `start('x'): options: expected an object such as { cwd }, got null`],
    ['stdin', ['x', [], { stdin: 'pipes' }], `start('x'): stdin: ${streams} "pipes"`],
    ['stdout', ['x', [], { stdout: 1 }], `start('x'): stdout: ${streams} 1`],
    ['stderr', ['x', [], { stderr: null }], `start('x'): stderr: ${streams} null`],
    [
      'an object without a path',
      ['x', [], { stderr: {} }],
      `start('x'): stderr: ${streams} an object (Object)`,
    ],
    [
      'no path',
      ['x', [], { stdin: { path: '' } }],
      `start('x'): stdin: path: expected the path of a file, got ''`,
    ],
    [
      'a NUL in a path',
      ['x', [], { stdin: { path: 'a\0' } }],
      `start('x'): stdin: path: expected a string without a NUL byte, got "a\\u0000"`,
    ],
    [
      'append',
      ['x', [], { stdout: { path: 'a', append: 1 } }],
      `start('x'): stdout: append: expected true or false, got 1`,
    ],
    ['grace', ['x', [], { grace: -1 }], `start('x'): grace: expected ms >= 0, got -1`],
    ['group', ['x', [], { group: 1 }], `start('x'): group: expected true or false, got 1`],
  ] as const)('is an error at the call: %s', (_what, args, message) => {
    const call = start as (...args: readonly unknown[]) => unknown

    expect(() => call(...args)).toThrow(message)
  })

  it('is an error at the call of stop', async () => {
    await play(function* () {
      const p = yield* start('sleep', ['30'])
      const stop = p.stop.bind(p) as (options: unknown) => unknown

      expect(() => stop({ grace: Number.NaN })).toThrow(
        `start('sleep'): stop: grace: expected ms >= 0, got NaN`,
      )
      expect(() => stop(5)).toThrow(
        `start('sleep'): stop(options): expected an object such as { grace }, got 5`,
      )
      expect(() => stop(null)).toThrow(/got null$/)
      expect(`${p}`).toBe(`start('sleep') (process ${p.pid})`)
    })
  })
})
