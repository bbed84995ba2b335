// start: programs of the system that run beside their task. Each test starts some; a few that reach
// every line are in start.test.ts, and what takes many programs or much output is in
// start-at-length.long.ts.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { ClosedError, ConnectionResetError, type Process, pipe, StartError, start } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { all, kill, pause, race, sleep, spawn, timeout } from '@bluelet/scheduler'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { reached } from '../../support/deadline.js'
import { runScript } from '../../support/script.js'
import { errorOf, perform, play, rejection } from '../world.js'
import { commands, leavesNoProcess, processes, script } from './programs.js'

leavesNoProcess()

const directory = mkdtempSync(joinPath(tmpdir(), 'bluelet-start-'))

afterAll(() => rmSync(directory, { recursive: true }))

const PIPED = { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' } as const

describe('start', () => {
  it('gives a process whose streams are read and written as a connection is', async () => {
    const got = await play(function* () {
      const cat = yield* start(...script('read line; echo "$line"; cat; echo end >&2'), PIPED)
      yield* cat.stdin.sendall('first\nsecond')
      cat.stdin.shutdown()
      const line = yield* cat.stdout.readline('\n', { encoding: 'utf8' })
      const rest = yield* cat.stdout.readall()
      const error = yield* cat.stderr.readall()
      return [line, `${rest}`, `${error}`, yield* cat.exited, typeof cat.pid]
    })

    expect(got).toEqual(['first', 'second', 'end\n', { code: 0, signal: null }, 'number'])
  })

  it('has only the streams that are pipes, and no others without options', async () => {
    const streams = await play(function* () {
      const one: Process = yield* start('true', [], { stdout: 'ignore', stderr: 'pipe' })
      const none: Process = yield* start('true')
      return [one, none].map(({ stdin, stdout, stderr }) =>
        [stdin, stdout, stderr].map((s) => s !== undefined),
      )
    })

    expect(streams).toEqual([
      [false, false, true],
      [false, false, false],
    ])
  })

  it('gives output that a program has written before its end, also much later', async () => {
    const got = await play(function* () {
      const out = yield* start('head', ['-c', '60000', '/dev/zero'], { stdout: 'pipe' })
      const exit = yield* out.exited
      yield* sleep(5)
      return [exit.code, (yield* out.stdout.readall()).length, yield* out.exited]
    })

    expect(got).toEqual([0, 60_000, { code: 0, signal: null }])
  })

  it('can be read and written with files, also with one for both outputs', async () => {
    const [input, output] = ['in', 'out'].map((name) => joinPath(directory, name)) as [string, string]
    writeFileSync(input, 'from a file\n')
    writeFileSync(output, 'what was there\n')
    const text = 'cat; echo error >&2'

    await play(function* () {
      const cat = yield* start(...script(text), {
        stdin: { path: input },
        stdout: { path: output },
        stderr: { path: output },
      })
      yield* cat.exited
      const again = yield* start('echo', ['again'], { stdout: { path: output, append: true } })
      yield* again.exited
    })

    expect(readFileSync(output, 'utf8')).toBe('from a file\nerror\nagain\n')
  })

  it('gives its output to a pipe to a connection or to another process', async () => {
    const got = await play(function* () {
      const echo = yield* start('echo', ['hi'], { stdout: 'pipe' })
      const tr = yield* start('tr', ['a-z', 'A-Z'], { stdin: 'pipe', stdout: 'pipe' })
      const [count, text] = yield* all([pipe(echo.stdout, tr.stdin), tr.stdout.readall()])
      return [count, `${text}`]
    })

    expect(got).toEqual([3, 'HI\n'])
  })
})

describe('a process whose task has ended', () => {
  it('has ended before its task', async () => {
    const left = await play(function* () {
      const task = yield* spawn(function* () {
        const p = yield* start('sleep', ['30'])
        return p
      })
      const p = yield* task
      return [commands(), yield* p.exited, p.signal('SIGTERM'), yield* p.stop()]
    })

    const exit = { code: null, signal: 'SIGTERM' }
    expect(left).toEqual([[], exit, false, exit])
  })

  it('has ended, whatever has ended the task', async () => {
    let started = 0
    function* running() {
      yield* start('sleep', ['30'])
      started++
      yield* sleep(1e9)
    }
    function* until(count: number, then: () => unknown = () => {}) {
      while (started < count) yield* pause()
      then()
    }

    const left = await play(function* () {
      const task = yield* spawn(running)
      yield* until(1)
      yield* kill(task)
      const killed = commands()
      yield* race([running(), until(2)])
      const lost = commands()
      const error = new Error('failed')
      const failed = yield* errorOf(
        all([
          running(),
          until(3, () => {
            throw error
          }),
        ]),
      )
      return [killed, lost, failed === error, commands()]
    })

    expect(left).toEqual([[], [], true, []])
  })

  it('goes on if the task was a branch that has returned', async () => {
    const exit = await play(function* () {
      const p = yield* timeout(1000, serving())
      const line = yield* p.stdout.readline()
      return [`${line}`, yield* p.stop()]
    })

    expect(exit).toEqual(['ready\n', { code: null, signal: 'SIGTERM' }])
  })

  it('is nothing that its task keeps, once it has ended by itself', async () => {
    const kept = await play(function* () {
      const holder: { task?: any } = {}
      const task = yield* spawn(function* () {
        for (let i = 0; i < 3; i++) yield* (yield* start('echo', ['hi'], PIPED)).exited
        while (holder.task?.resources?.all.size !== 0) yield* sleep(1)
        return holder.task.resources.all.size
      })
      holder.task = task
      return yield* task
    })

    expect(kept).toBe(0)
  })

  it('still gives its output', async () => {
    const text = await play(function* () {
      const p = yield* yield* spawn(function* () {
        const p = yield* start('echo', ['hi'], { stdout: 'pipe' })
        yield* p.exited
        return p
      })
      return `${yield* p.stdout.readall()}`
    })

    expect(text).toBe('hi\n')
  })
})

function* serving() {
  return yield* start(...script('echo ready; exec sleep 30'), { stdout: 'pipe' })
}

describe('stop', () => {
  it('may be called again, while it is under way and afterwards', async () => {
    const exits = await play(function* () {
      const p = yield* start('sleep', ['30'])
      const both = yield* all([p.stop(), p.stop({ grace: 1 })])
      return [...both, yield* p.stop(), yield* p.stop({ grace: 0 })]
    })

    expect(new Set(exits.map(({ signal }) => signal))).toEqual(new Set(['SIGTERM']))
  })

  it('goes on if the task that waits for it is killed', async () => {
    const exit = await play(function* () {
      const p = yield* start('sleep', ['30'])
      yield* race([p.stop(), pause()])
      return yield* p.exited
    })

    expect(exit).toEqual({ code: null, signal: 'SIGTERM' })
  })
})

describe('what a process has left behind', () => {
  it.each([
    ['by a stop, after the grace period', 20],
    ['by a stop without one, at once', 0],
  ])('in its group is stopped: %s', async (_how, grace) => {
    const left = await play(function* () {
      const p = yield* leaving()
      const before = commands()
      const exit = yield* p.stop({ grace })
      return [before, exit, commands()]
    })

    expect(left).toEqual([['sleep 30'], { code: 0, signal: null }, []])
  })

  it('in its group is stopped before its task ends', async () => {
    const left = await play(function* () {
      const task = yield* spawn(function* () {
        yield* leaving(20)
      })
      yield* task
      return commands()
    })

    expect(left).toEqual([])
  })

  it('in a group of its own is not, and its output is given up after 200 ms', async () => {
    const text = 'setsid sh -c "trap \'\' HUP; echo late; exec sleep 30" & read line'
    const begun = performance.now()

    const [line, rest] = await play(function* () {
      const p = yield* yield* spawn(function* () {
        const p = yield* start(...script(text), { stdin: 'pipe', stdout: 'pipe' })
        while (commands().at(-1) !== 'sleep 30') yield* sleep(1)
        p.stdin.shutdown()
        yield* p.exited
        return p
      })
      return [yield* p.stdout.readline(), yield* p.stdout.readline()]
    })

    for (const { pid } of processes()) process.kill(pid, 'SIGKILL')
    expect([`${line}`, `${rest}`]).toEqual(['late\n', ''])
    expect(performance.now() - begun).toBeGreaterThanOrEqual(199)
  })

  /** A process that has ended, and has left one in its group that ignores SIGTERM. */
  function* leaving(grace = 5000) {
    const text = '(trap "" TERM; echo; exec sleep 30) & read line; exit 0'
    const p = yield* start(...script(text), { stdin: 'pipe', stdout: 'pipe', grace })
    yield* p.stdout.readline()
    while (!commands().includes('sleep 30')) yield* sleep(1)
    p.stdin.shutdown()
    yield* p.exited
    return p
  }
})

describe('a signal', () => {
  it('goes to the process, and not to what it has started', async () => {
    const line = await play(function* () {
      const text = "trap 'kill -0 $! && echo got it; exit' USR1; sleep 30 & echo ready; wait"
      const p = yield* start(...script(text), { stdout: 'pipe' })
      yield* p.stdout.readline()
      expect(p.signal('SIGUSR1')).toBe(true)
      return `${yield* p.stdout.readline()}`
    })

    expect(line).toBe('got it\n')
  })

  it('never goes to a process that is known to have ended', async () => {
    const sent: unknown[] = []
    const real = process.kill.bind(process)
    const spy = vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
      sent.push(signal)
      return real(pid, signal)
    })

    const answers = await play(function* () {
      const p = yield* start('true')
      yield* p.exited
      const answer = p.signal('SIGKILL')
      const exits = [yield* p.stop(), yield* p.stop({ grace: 0 })]
      p[Symbol.dispose]()
      return [answer, ...exits.map(({ code }) => code)]
    })

    spy.mockRestore()
    expect(answers).toEqual([false, 0, 0])
    // Signal 0 asks whether its group has members, and is none.
    expect(sent.filter((signal) => signal !== 0)).toEqual([])
  })

  it.each([['TERM'], ['SIGNOSUCH'], [15], ['toString']])('must be one that there is: %s', async (name) => {
    const error = await rejection(
      play(function* () {
        const p = yield* start('sleep', ['30'])
        p.signal(name as string)
      }),
    )

    expect([error.name, error.message]).toEqual([
      'TypeError',
      `start('sleep'): signal(name): expected the name of a signal, such as 'SIGHUP', got ${JSON.stringify(name)}`,
    ])
  })
})

describe('the input', () => {
  it('of a program that has closed it, or has ended, fails', async () => {
    const errors = await play(function* () {
      const p = yield* start(...script('exec 0<&-; echo closed; sleep 30'), PIPED)
      yield* p.stdout.readline()
      const closed = yield* errorOf(p.stdin.sendall(Buffer.alloc(100_000)))
      const q = yield* start('true', [], PIPED)
      yield* q.exited
      const waits = yield* start('sleep', ['30'], PIPED)
      return [
        closed,
        yield* errorOf(q.stdin.sendall(Buffer.alloc(100_000))),
        (yield* all([errorOf(waits.stdin.sendall(Buffer.alloc(1_000_000))), waits.stop()]))[0],
        p.stdin.unsent + q.stdin.unsent + waits.stdin.unsent,
      ]
    })

    for (const error of errors.slice(0, 3)) expect(error).toBeInstanceOf(ConnectionResetError)
    expect([errors[0].message, errors[1].message, errors[3]]).toEqual([
      'the peer has disconnected (EPIPE)',
      'the process has ended, and reads no more (EPIPE)',
      0,
    ])
  })

  it('can be closed, as can the outputs', async () => {
    const got = await play(function* () {
      const p = yield* start('cat', [], PIPED)
      p.stdout.close()
      p.stdin.close()
      const exit = yield* p.exited
      return [exit.code, p.stdout.closed, p.stdin.closed, yield* errorOf(p.stdout.recv())]
    })

    expect(got.slice(0, 3)).toEqual([0, true, true])
    expect(got[3]).toBeInstanceOf(ClosedError)
  })
})

describe('a disposal', () => {
  it('stops the process, which its task waits for', async () => {
    const left = await play(function* () {
      const task = yield* spawn(function* () {
        const p = yield* start('sleep', ['30'])
        p[Symbol.dispose]()
        p[Symbol.dispose]()
        const exit = yield* p.exited
        p[Symbol.dispose]()
        return exit
      })
      return [yield* task, commands()]
    })

    expect(left).toEqual([{ code: null, signal: 'SIGTERM' }, []])
  })

  it('can be waited for in async code', async () => {
    const left = await play(function* () {
      const p = yield* start('sleep', ['30'])
      yield p[Symbol.asyncDispose]()
      return commands()
    })

    expect(left).toEqual([])
  })

  it('comes for a process that its waiter does not get', async () => {
    const left = await play(function* () {
      yield* race([pause(), start('sleep', ['30'])])
      yield* errorOf(all([start('sleep', ['30']), start('bluelet-nosuch')]))
      while (commands().length > 0) yield* sleep(1)
      return commands()
    })

    expect(left).toEqual([])
  })
})

describe('a process that exits in the middle of a run', () => {
  it.each([
    ['by process.exit', 'process.exit(3)', 3],
    ['by an uncaught error', "setTimeout(() => { throw new Error('uncaught') }); yield* sleep(1e6)", 1],
    ['in a clean-up', 'try { yield* sleep(1); throw 1 } finally { process.exit(4) }', 4],
  ])('leaves no program behind: %s', async (_how, exits, expected) => {
    const { code, stdout } = await runScript(`
      import { exec, start } from '@bluelet/net'
      import { run, sleep, spawn } from '@bluelet/scheduler'
      await run(function* () {
        yield* spawn(function* () { yield* exec('sh', ['-c', 'trap "" TERM; sleep 30 & wait']) })
        const p = yield* start('sh', ['-c', 'trap "" TERM; sleep 30 & echo ready; wait'], { stdout: 'pipe' })
        console.log(String(yield* p.stdout.readline()))
        ${exits}
      })`)

    await reached(() => commands().length === 0, 2000)
    expect([code, stdout.trim(), commands()]).toEqual([expected, 'ready', []])
  })
})

describe('a program that cannot be started', () => {
  const nowhere = joinPath(directory, 'no', 'out')

  it.each([
    [
      'no such program',
      'bluelet-nosuch',
      {},
      'ENOENT',
      'there is no program "bluelet-nosuch" in any directory of PATH',
    ],
    [
      'no permission',
      '/etc/passwd',
      {},
      'EACCES',
      'this process may not run "/etc/passwd": it needs the permission, and must be a file',
    ],
    [
      'no such directory',
      'true',
      { cwd: '/nosuch' },
      'ENOENT',
      'cwd: the directory "/nosuch" does not exist',
    ],
    [
      'no such file',
      'true',
      { stdin: { path: '/nosuch' } },
      'ENOENT',
      'cannot open "/nosuch": there is no such file or directory',
    ],
    ['a directory', 'true', { stdout: { path: '/' } }, 'EISDIR', 'cannot open "/": it is a directory'],
    [
      'no such directory of a file',
      'true',
      { stderr: { path: '/nosuch/x' } },
      'ENOENT',
      'cannot open "/nosuch/x": there is no such file or directory',
    ],
    [
      'no directory',
      'true',
      { stderr: { path: '/etc/passwd/x' } },
      'ENOTDIR',
      `ENOTDIR: not a directory, open '/etc/passwd/x'`,
    ],
  ] as const)('is an error that names what is missing: %s', async (_what, file, options, code, reason) => {
    const error = await rejection(play(perform(start(file, [], options))))

    expect(error).toBeInstanceOf(StartError)
    expect([error.code, error.message.replace('cannot open "/etc/passwd/x": ', '')]).toEqual([
      code,
      `start('${file}'): cannot be started: ${reason} (${code})`,
    ])
  })

  it('is no error of a race that another branch has won meanwhile', async () => {
    const value = await play(function* () {
      const value = yield* race([start('bluelet-nosuch'), pause()])
      yield* sleep(1)
      return value
    })

    expect(value).toBe(undefined)
  })

  it('leaves no descriptor behind', async () => {
    const before = readdirSync('/proc/self/fd').length

    await play(function* () {
      for (let i = 0; i < 5; i++) {
        yield* errorOf(start('bluelet-nosuch', [], { ...PIPED, stdin: { path: '/dev/null' } }))
        yield* errorOf(start('true', [], { stdin: { path: '/dev/null' }, stdout: { path: nowhere } }))
      }
      yield* sleep(1)
    })

    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
  })

  it('is any of them in a simulation', async () => {
    const error = await rejection(simulate(() => perform(start('true'))))

    expect(error.message).toMatch(/^start\('true'\): a simulation has no processes/)
  })
})

describe('a wrong argument of stop', () => {
  it('is an error at the call', async () => {
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
