// exec: programs of the system that run to their end.
import fs from 'node:fs'
import { exec, LimitError, ProcessError, StartError } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { all, kill, pause, race, sleep, spawn, TimeoutError, timeout } from '@bluelet/scheduler'
import { describe, expect, it, vi } from 'vitest'
import { errorOf, perform, play, rejection } from '../world.js'
import { commands, leavesNoProcess, processes, script } from './programs.js'

leavesNoProcess()

const TEXT = { encoding: 'utf8' } as const

/** Waits until so many processes of the test run, as a program that has begun its work does. */
function* running(count: number) {
  while (processes().length !== count) yield* sleep(1)
}

describe('exec', () => {
  it('gives what the program has written, as bytes', async () => {
    const outcome = await play(perform(exec(...script('printf out; printf err >&2'))))

    expect(outcome).toEqual({
      code: 0,
      signal: null,
      stdout: Buffer.from('out'),
      stderr: Buffer.from('err'),
      complete: true,
    })
  })

  it.each([
    ['utf8', 'é'],
    ['utf-8', 'é'],
    ['latin1', 'Ã©'],
  ] as const)('gives it as text in %s', async (encoding, text) => {
    const { stdout, stderr } = await play(
      perform(exec('sh', ['-c', "printf 'é'; printf 'é' >&2"], { encoding })),
    )

    expect([stdout, stderr]).toEqual([text, text])
  })

  it('passes each argument on as it is, since no shell splits it', async () => {
    const args = ['two words', '"', "'", '$HOME', '*', '', 'é']

    const { stdout } = await play(perform(exec('printf', ['[%s]', ...args], TEXT)))

    expect(stdout).toBe(args.map((arg) => `[${arg}]`).join(''))
  })

  it('needs no arguments', async () => {
    const { stdout } = await play(perform(exec('pwd')))

    expect(`${stdout}`).toBe(`${process.cwd()}\n`)
  })

  it('runs in the given directory, with the given environment', async () => {
    const { stdout } = await play(
      perform(
        exec('/bin/sh', ['-c', 'pwd; /usr/bin/env'], {
          cwd: '/',
          env: { A: '1', B: undefined, BLUELET_TEST_MARK: 'x' },
          ...TEXT,
        }),
      ),
    )

    const [directory, ...variables] = stdout.trim().split('\n')
    expect(directory).toBe('/')
    expect(variables.filter((line) => /^[AB]=/.test(line))).toEqual(['A=1'])
  })

  it('can be yielded again, which runs the program again', async () => {
    const uname = exec('uname', [], TEXT)

    const [first, second] = await play(function* () {
      return [yield* uname, yield* uname]
    })

    expect(first).toEqual(second)
  })

  it('can be awaited in async code', async () => {
    const { stdout } = await exec('echo', ['hi'], TEXT)

    expect(stdout).toBe('hi\n')
  })

  it('loses no output, with many programs at once', async () => {
    const outputs = await play(function* () {
      const runs = Array.from({ length: 20 }, (_, i) => exec('echo', [`${i}`], TEXT))
      return (yield* all(runs)).map(({ stdout }) => stdout)
    })

    expect(outputs).toEqual(Array.from({ length: 20 }, (_, i) => `${i}\n`))
  })
})

describe('a program that fails', () => {
  it('is an error with the exit code, the outcome and the end of its standard error', async () => {
    const error = await rejection(
      play(perform(exec(...script('echo some; echo what was wrong >&2; exit 3')))),
    )

    expect(error).toBeInstanceOf(ProcessError)
    expect(error.name).toBe('ProcessError')
    expect(error.code).toBe('ERR_BLUELET_PROCESS')
    expect(error.message).toBe("exec('sh'): exit code 3: what was wrong")
    expect(error.outcome).toEqual({
      code: 3,
      signal: null,
      stdout: Buffer.from('some\n'),
      stderr: Buffer.from('what was wrong\n'),
      complete: true,
    })
  })

  it('is an error if a signal has ended it', async () => {
    const error = await rejection(play(perform(exec('sh', ['-c', 'kill -KILL $$'], TEXT))))

    expect(error.message).toBe("exec('sh'): ended by SIGKILL")
    expect(error.outcome).toMatchObject({ code: null, signal: 'SIGKILL', stdout: '' })
  })

  it('does not flood the message', async () => {
    const error = await rejection(
      play(perform(exec(...script('head -c 100000 /dev/zero | tr "\\0" x >&2; echo end >&2; exit 1')))),
    )

    expect(error.message.length).toBeLessThan(1100)
    expect(error.message).toMatch(/: \.\.\. x+end$/)
    expect(error.outcome.stderr).toHaveLength(100_004)
  })

  it('is no error without the check', async () => {
    const [failed, killed] = await play(function* () {
      return yield* all([
        exec('sh', ['-c', 'exit 3'], { check: false }),
        exec('sh', ['-c', 'kill $$'], { check: false }),
      ])
    })

    expect(failed).toMatchObject({ code: 3, signal: null })
    expect(killed).toMatchObject({ code: null, signal: 'SIGTERM' })
  })
})

describe('a program that cannot be started', () => {
  it.each([
    [
      'no such name',
      'bluelet-nosuch',
      {},
      'ENOENT',
      'there is no program "bluelet-nosuch" in any directory of PATH',
    ],
    [
      'no such name, in a directory',
      'bluelet-nosuch',
      { cwd: '/' },
      'ENOENT',
      'there is no program "bluelet-nosuch" in any directory of PATH',
    ],
    [
      'no such path',
      '/nosuch/x',
      {},
      'ENOENT',
      'there is no program at "/nosuch/x", or what it needs to run is missing',
    ],
    [
      'a whole command line',
      'ls -l',
      {},
      'ENOENT',
      'there is no program "ls -l"; give its arguments as an array: no shell splits them',
    ],
    [
      'a file without the permission',
      '/etc/passwd',
      {},
      'EACCES',
      'this process may not run "/etc/passwd": it needs the permission, and must be a file',
    ],
    ['no such directory', 'ls', { cwd: '/nosuch' }, 'ENOENT', 'cwd: the directory "/nosuch" does not exist'],
    [
      'a file in place of a directory',
      'ls',
      { cwd: '/etc/passwd' },
      'ENOTDIR',
      'cwd: "/etc/passwd" is not a directory',
    ],
    [
      'a directory that cannot be entered',
      'ls',
      { cwd: '/etc/passwd/x' },
      'ENOTDIR',
      'cwd: this process may not enter the directory "/etc/passwd/x"',
    ],
  ] as const)('is an error that names what is missing: %s', async (_what, file, options, code, reason) => {
    const error = await rejection(play(perform(exec(file, [], options))))

    expect(error).toBeInstanceOf(StartError)
    expect(error.name).toBe('StartError')
    expect([error.code, error.message]).toEqual([
      code,
      `exec('${file}'): cannot be started: ${reason} (${code})`,
    ])
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('is an error if the arguments are too long', async () => {
    const error = await rejection(play(perform(exec('true', ['x'.repeat(300_000)]))))

    expect([error.name, error.code, error.message]).toEqual([
      'StartError',
      'E2BIG',
      "exec('true'): cannot be started: spawn E2BIG (E2BIG)",
    ])
  })

  it('is no error of a race that another branch has won meanwhile', async () => {
    const value = await play(function* () {
      const value = yield* race([exec('bluelet-nosuch'), pause()])
      yield* sleep(1)
      return value
    })

    expect(value).toBe(undefined)
  })
})

describe('the input', () => {
  it('of 300 kB goes through a program while its output comes back', async () => {
    const { stdout } = await play(perform(exec('tr', ['a', 'b'], { input: 'a'.repeat(300_000), ...TEXT })))

    expect(stdout).toBe('b'.repeat(300_000))
  })

  it.each([
    ['bytes', new Uint8Array([104, 105])],
    ['a string', 'hi'],
  ])('can be %s', async (_what, input) => {
    const { stdout } = await play(perform(exec('cat', [], { input, ...TEXT })))

    expect(stdout).toBe('hi')
  })

  it.each([
    ['if there is none', {}],
    ['if it is no bytes', { input: '' }],
  ])('ends at once %s', async (_what, options) => {
    const { stdout } = await play(perform(exec('cat', [], { ...options, ...TEXT })))

    expect(stdout).toBe('')
  })

  it('need not be read', async () => {
    const input = Buffer.alloc(1_000_000)

    const outcomes = await play(function* () {
      const closes = ['sh', ['-c', 'exec 0<&-; sleep 0.02; echo done'], { input, ...TEXT }] as const
      return [yield* exec('true', [], { input, ...TEXT }), yield* exec(...closes)]
    })

    expect(outcomes.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, ''],
      [0, 'done\n'],
    ])
  })
})

describe('the output', () => {
  it('may fill both pipes', async () => {
    const { stdout, stderr } = await play(
      perform(exec(...script('head -c 500000 /dev/zero; head -c 500000 /dev/zero >&2; echo x'))),
    )

    expect([stdout.length, stderr.length]).toEqual([500_002, 500_000])
  })

  it.each([
    ['standard output', 'yes', 'stdout', 'stderr'],
    ['standard error', 'yes >&2', 'stderr', 'stdout'],
  ] as const)('over the limit stops the program: %s', async (name, text, full, empty) => {
    const error = await rejection(play(perform(exec('sh', ['-c', text], { limit: 100_000 }))))

    expect(error).toBeInstanceOf(LimitError)
    expect(error.message).toBe(
      `exec('sh'): more than the limit of 100000 bytes on ${name}; the process was stopped; raise the limit if it may write as much`,
    )
    expect(error.outcome).toMatchObject({ code: null, signal: 'SIGTERM', complete: false })
    expect([error.outcome[full].length, error.outcome[empty].length]).toEqual([100_000, 0])
    expect(commands()).toEqual([])
  })

  it('has a limit of 1 MiB, unless told otherwise', async () => {
    const { stdout } = await play(perform(exec('head', ['-c', '1048576', '/dev/zero'])))
    const error = await rejection(play(perform(exec('head', ['-c', '1048577', '/dev/zero']))))

    expect(stdout).toHaveLength(1_048_576)
    expect(error.outcome.stdout).toHaveLength(1_048_576)
  })

  it('over the limit is an error, too, if the program has ended by then', async () => {
    const error = await rejection(
      play(function* () {
        const ends = yield* spawn(function* () {
          return yield* exec('printf', ['12345'], { limit: 4, ...TEXT })
        })
        yield* sleep(1)
        while (processes().length > 0) {
          // The event loop does not poll meanwhile, so that the output and the exit come together.
        }
        return yield* ends
      }),
    )

    expect(error).toBeInstanceOf(LimitError)
    expect(error.outcome).toMatchObject({ stdout: '1234', complete: false })
  })

  it('that comes once the program has ended is complete, too', async () => {
    // The shell is gone once this process has reaped it: so the exit is known before the output
    // ends.
    const text = '(while kill -0 $$ 2>/dev/null; do :; done; echo late) & exit 0'

    const outcome = await play(perform(exec('sh', ['-c', text], TEXT)))

    expect(outcome).toMatchObject({ code: 0, stdout: 'late\n', complete: true })
  })

  it('of a process that the program has left behind is not waited for', async () => {
    const begun = performance.now()

    const outcome = await play(perform(exec('sh', ['-c', 'sleep 30 & echo $!'], TEXT)))

    const ms = performance.now() - begun
    process.kill(Number(outcome.stdout), 'SIGKILL')
    expect(outcome).toMatchObject({ code: 0, complete: false })
    expect(ms).toBeGreaterThanOrEqual(199)
  })

  it('is given up at once if the task is killed while it waits for such a process', async () => {
    const error = await play(function* () {
      const error = yield* errorOf(timeout(100, exec('sh', ['-c', 'sleep 30 & exit 0'])))
      for (const { pid } of processes()) process.kill(pid, 'SIGKILL')
      return error
    })

    expect(error).toBeInstanceOf(TimeoutError)
  })
})

describe('a kill of the task that waits', () => {
  it('stops the program first', async () => {
    const left = await play(function* () {
      const task = yield* spawn(() => perform(exec('sleep', ['30'])))
      yield* running(1)
      yield* kill(task)
      return commands()
    })

    expect(left).toEqual([])
  })

  it('comes as a timeout, too', async () => {
    const error = await rejection(play(perform(timeout(20, exec('sleep', ['30'])))))

    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toContain("exec('sleep')")
    expect(commands()).toEqual([])
  })

  it('reaches what the program has started', async () => {
    const left = await play(function* () {
      const task = yield* spawn(() => perform(exec(...script('sleep 30 & sleep 31; true'))))
      yield* running(3)
      yield* kill(task)
      return commands()
    })

    expect(left).toEqual([])
  })

  it('reaches only the program itself without a group', async () => {
    const left = await play(function* () {
      const task = yield* spawn(() => perform(exec('sh', ['-c', 'sleep 30 & wait'], { group: false })))
      while (!commands().includes('sleep 30')) yield* sleep(1)
      yield* kill(task)
      const left = processes()
      for (const { pid } of left) process.kill(pid)
      return left.map(({ line }) => line)
    })

    expect(left).toEqual(['sleep 30'])
  })

  it('forces a program that ignores SIGTERM, once its grace period is over', async () => {
    const { ms, left } = await play(function* () {
      const task = yield* spawn(() =>
        perform(exec('sh', ['-c', 'trap "" TERM; sleep 30 & wait'], { grace: 50 })),
      )
      yield* running(2)
      const begun = performance.now()
      yield* kill(task)
      return { ms: performance.now() - begun, left: commands() }
    })

    expect(left).toEqual([])
    expect(ms).toBeGreaterThanOrEqual(50)
  })

  it('forces it within the grace period of the task', async () => {
    const { cleaned, left } = await play(function* () {
      let cleaned = false
      const task = yield* spawn(function* () {
        try {
          yield* exec('sh', ['-c', 'trap "" TERM; sleep 30 & wait'])
        } finally {
          yield* pause()
          cleaned = true
        }
      })
      yield* running(2)
      // A fifth of it is left to the task's own clean-up.
      yield* kill(task, { grace: 2000 })
      return { cleaned, left: commands() }
    })

    expect(left).toEqual([])
    expect(cleaned).toBe(true)
  })

  it('without a grace period forces it at once', async () => {
    const left = await play(function* () {
      const task = yield* spawn(() => perform(exec(...script('trap "" TERM; sleep 30 & wait'))))
      yield* running(2)
      yield* kill(task, { grace: 0 })
      return commands()
    })

    expect(left).toEqual([])
  })

  it('is hastened by a second one', async () => {
    const left = await play(function* () {
      const task = yield* spawn(() => perform(exec(...script('trap "" TERM; sleep 30 & wait'))))
      yield* running(2)
      yield* all([
        kill(task, { grace: 3000 }),
        (function* () {
          yield* sleep(5)
          yield* kill(task, { grace: 20 })
        })(),
      ])
      return commands()
    })

    expect(left).toEqual([])
  })

  it('forces what has outlived the program in its group', async () => {
    const left = await play(function* () {
      const task = yield* spawn(() =>
        perform(exec('sh', ['-c', '(trap "" TERM; exec sleep 30) & exec sleep 31'], { grace: 50 })),
      )
      yield* running(2)
      yield* kill(task)
      return commands()
    })

    expect(left).toEqual([])
  })

  it('waits for what has outlived the program, within the grace period', async () => {
    const left = await play(function* () {
      const task = yield* spawn(() =>
        perform(exec(...script('(trap "sleep 0.05; exit" TERM; echo; sleep 0.1; sleep 30) & exec sleep 31'))),
      )
      yield* running(3)
      yield* kill(task)
      return commands()
    })

    expect(left).toEqual([])
  })

  it('while the program is being stopped for its output waits for that', async () => {
    const left = await play(function* () {
      const task = yield* spawn(() =>
        perform(
          exec('sh', ['-c', 'trap "" TERM; echo too much; sleep 30 & wait'], { limit: 1, grace: 3000 }),
        ),
      )
      yield* running(2)
      yield* sleep(5)
      yield* kill(task, { grace: 50 })
      return commands()
    })

    expect(left).toEqual([])
  })
})

describe('the signals', () => {
  it('never go to a process that is known to have ended', async () => {
    const sent: unknown[] = []
    const real = process.kill.bind(process)
    const spy = vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
      sent.push(signal)
      return real(pid, signal)
    })

    await play(function* () {
      yield* exec('true')
      const task = yield* spawn(() => perform(exec('sh', ['-c', 'sleep 30 & exit 0'])))
      while (commands().join() !== 'sleep 30') yield* sleep(1)
      yield* sleep(20) // The end of the shell is there for the next poll of the event loop.
      yield* kill(task)
    })
    for (const { pid } of processes()) real(pid, 'SIGKILL')

    spy.mockRestore()
    expect(sent).toEqual([])
  })

  it('that this process may not send are an error, and the task does not wait', async () => {
    const spy = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
    })

    const error = await rejection(
      play(function* () {
        const task = yield* spawn(() => perform(exec('sleep', ['30'])))
        yield* running(1)
        yield* kill(task, { grace: 20 })
        yield* task
      }),
    )

    spy.mockRestore()
    for (const { pid } of processes()) process.kill(pid)
    expect([error.name, error.code, error.message]).toEqual([
      'StartError',
      'EPERM',
      "exec('sleep'): cannot send SIGKILL: the process belongs to another user, and this one may not end it (EPERM)",
    ])
  })

  it('reach a group without a leader while other processes end', async () => {
    const real = fs.readdirSync as (path: string) => string[]
    const spy = vi.spyOn(fs, 'readdirSync')
    // An id that no process can have stands for one that has ended meanwhile.
    spy.mockImplementation(((path: string) => ['4194305', ...real(path)]) as never)

    const left = await play(function* () {
      const task = yield* spawn(() =>
        perform(exec(...script('(trap "" TERM; exec sleep 30) & exec sleep 31'), { grace: 50 })),
      )
      while (commands().join() !== 'sleep 30,sleep 31') yield* sleep(1)
      yield* kill(task)
      return commands()
    })

    spy.mockRestore()
    expect(left).toEqual([])
  })

  it('do not go to a group without a leader where there is no /proc', async () => {
    const task = play(function* () {
      const task = yield* spawn(() =>
        perform(exec(...script('(trap "" TERM; exec sleep 30) & exec sleep 31'))),
      )
      while (commands().join() !== 'sleep 30,sleep 31') yield* sleep(1)
      vi.spyOn(fs, 'readdirSync').mockImplementation(() => {
        throw new Error('no /proc')
      })
      yield* kill(task)
    })

    await task.finally(() => vi.mocked(fs.readdirSync).mockRestore())
    const left = processes()
    for (const { pid } of left) process.kill(pid, 'SIGKILL')
    expect(left.map(({ line }) => line)).toEqual(['sleep 30'])
  })
})

describe('exec in a simulation', () => {
  it('says that processes are real', async () => {
    const error = await rejection(simulate(() => perform(exec('true'))))

    expect(error.message).toBe(
      "exec('true'): a simulation has no processes, since they are real and its time is not; give the code under test a function that stands for the program",
    )
  })
})

describe('a wrong argument', () => {
  const call = exec as (...args: unknown[]) => unknown

  it.each([
    ['a file that is no string', [1], 'TypeError: exec(file, args, options): file: expected a string, got 1'],
    [
      'an empty file',
      [''],
      "TypeError: exec(file, args, options): expected the name or the path of a program, got ''",
    ],
    [
      'a file with a NUL',
      ['a\0b'],
      'TypeError: exec(file, args, options): file: expected a string without a NUL byte, got "a\\u0000b"',
    ],
    [
      'arguments as a string',
      ['ls', '-l'],
      `TypeError: exec('ls'): args: expected an array of strings, such as ['-l'], got "-l"; no shell splits it`,
    ],
    [
      'an argument that is no string',
      ['ls', ['a', 1]],
      "TypeError: exec('ls'): args[1]: expected a string, got 1",
    ],
    [
      'an argument with a NUL',
      ['ls', ['\0']],
      `TypeError: exec('ls'): args[0]: expected a string without a NUL byte, got "\\u0000"`,
    ],
    [
      'options that are no object',
      ['ls', [], null],
      "TypeError: exec('ls'): options: expected an object such as { cwd }, got null",
    ],
    [
      'options as an array',
      ['ls', [], []],
      "TypeError: exec('ls'): options: expected an object such as { cwd }, got an object (Array)",
    ],
    [
      'a directory that is no string',
      ['ls', [], { cwd: 1 }],
      "TypeError: exec('ls'): cwd: expected a string, got 1",
    ],
    [
      'an empty directory',
      ['ls', [], { cwd: '' }],
      "TypeError: exec('ls'): cwd: expected a directory, got ''; leave it out for that of this process",
    ],
    [
      'an environment that is no object',
      ['ls', [], { env: 'A=1' }],
      `TypeError: exec('ls'): env: expected an object such as { ...process.env, NAME: 'value' }, got "A=1"`,
    ],
    [
      'a variable with a wrong name',
      ['ls', [], { env: { 'A=B': '' } }],
      `TypeError: exec('ls'): env: expected a name without '=' and NUL bytes, got "A=B"`,
    ],
    [
      'a variable that is no string',
      ['ls', [], { env: { A: 1 } }],
      "TypeError: exec('ls'): env.A: expected a string, got 1",
    ],
    [
      'a group that is no flag',
      ['ls', [], { group: 1 }],
      "TypeError: exec('ls'): group: expected true or false, got 1",
    ],
    [
      'a negative grace',
      ['ls', [], { grace: -1 }],
      "RangeError: exec('ls'): grace: expected ms >= 0, got -1",
    ],
    [
      'an input that is no bytes',
      ['ls', [], { input: 1 }],
      "TypeError: exec('ls'): input: expected bytes or a string, got 1",
    ],
    [
      'a limit that is no count',
      ['ls', [], { limit: 1.5 }],
      "RangeError: exec('ls'): limit: expected a number of bytes, 0 or more, got 1.5",
    ],
    [
      'a check that is no flag',
      ['ls', [], { check: 0 }],
      "TypeError: exec('ls'): check: expected true or false, got 0",
    ],
    [
      'another encoding',
      ['ls', [], { encoding: 'hex' }],
      `TypeError: exec('ls'): encoding: expected 'utf8' or 'latin1', got "hex"; leave it out for bytes`,
    ],
  ])('is refused at the call: %s', (_what, args, message) => {
    let error: unknown
    try {
      call(...args)
    } catch (thrown) {
      error = thrown
    }

    expect(`${error}`).toBe(message)
  })
})
