// start: what takes many processes, much output or real time.
import { readdirSync, readFileSync } from 'node:fs'
import { connect, exec, type Input, type Process, pipe, start } from '@bluelet/net'
import { all, group, kill, run, sleep, spawn, timeout } from '@bluelet/scheduler'
import { beforeEach, describe, expect, it } from 'vitest'
import { serve } from '../serving.js'
import { errorOf, LOOPBACK, MIB, perform, play, rejection } from '../world.js'
import { commands, leavesNoProcess, processes, script } from './programs.js'

leavesNoProcess()

const PIPED = { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' } as const

/** A run may take longer than `play` lets it. */
function long(): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(60_000) }
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** The system says that the process is stopped, and not merely that it has the signal. */
function* untilStopped({ pid }: Process) {
  while (!readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') T ')) yield* sleep(1)
}

function* reading(input: Input) {
  return `${yield* input.readall()}`
}

describe('the output of a fast program', () => {
  it('is not lost if the task that reads it is spawned later: 200 times', async () => {
    const texts = await play(function* () {
      const texts: string[] = []
      for (let i = 0; i < 200; i++) {
        const p = yield* start('echo', ['hi'], { stdout: 'pipe' })
        texts.push(yield* yield* spawn(reading, p.stdout))
      }
      return texts
    }, long())

    expect(texts).toEqual(Array(200).fill('hi\n'))
  })

  it('is not lost if it is read once the program has ended: 100 times', async () => {
    const texts = await play(function* () {
      const texts: string[] = []
      for (let i = 0; i < 100; i++) {
        const p = yield* start('sh', ['-c', 'echo out; echo err >&2'], PIPED)
        if (i % 2 === 0) yield* p.exited
        // The event loop does not poll meanwhile, so that the output and the exit come together.
        else while (processes().length > 0);
        const out = yield* spawn(reading, p.stdout)
        texts.push(`${yield* out}${yield* reading(p.stderr)}`)
      }
      return texts
    }, long())

    expect(texts).toEqual(Array(100).fill('out\nerr\n'))
  })
})

describe('pipes', () => {
  it('may both be full', async () => {
    const lengths = await play(function* () {
      const text = 'head -c 3000000 /dev/zero & head -c 3000000 /dev/zero >&2; wait'
      const p = yield* start(...script(text), PIPED)
      yield* sleep(50)
      const read = [p.stdout, p.stderr].map((input) => input.readall({ limit: 4 * MIB }))
      return (yield* all(read)).map(({ length }) => length)
    }, long())

    expect(lengths).toEqual([3_000_000, 3_000_000])
  })

  it('pass 20 MiB through a program while its output comes back', async () => {
    const input = Buffer.alloc(20 * MIB, 'a')

    const [, output] = await play(function* () {
      const tr = yield* start('tr', ['a', 'b'], PIPED)
      return yield* all([
        (function* () {
          yield* tr.stdin.sendall(input)
          tr.stdin.shutdown()
        })(),
        tr.stdout.readall({ limit: 32 * MIB }),
      ])
    }, long())

    expect(output.equals(Buffer.alloc(20 * MIB, 'b'))).toBe(true)
  })

  it('hold no memory while nothing reads them, and stop the program that writes', async () => {
    const { grown, length, exit } = await play(function* () {
      const yes = yield* start('yes', [], { stdout: 'pipe' })
      const before = process.memoryUsage()
      yield* sleep(500)
      const after = process.memoryUsage()
      const first = yield* yes.stdout.readexactly(MIB, { limit: MIB })
      const grown = after.rss + after.external - before.rss - before.external
      return { grown, length: first.length, exit: yield* yes.stop() }
    }, long())

    // `yes` writes gigabytes a second if it can.
    expect(grown).toBeLessThan(64 * MIB)
    expect([length, exit.signal]).toEqual([MIB, 'SIGTERM'])
  })

  it('stop the task that sends while the program reads nothing', async () => {
    const sent = await play(function* () {
      const sleeper = yield* start('sleep', ['30'], { stdin: 'pipe' })
      let sent = 0
      yield* errorOf(
        timeout(
          300,
          (function* () {
            for (; ; sent++) yield* sleeper.stdin.sendall(Buffer.alloc(10_000))
          })(),
        ),
      )
      return sent * 10_000
    }, long())

    expect(sent).toBeLessThan(MIB)
  })

  it('are closed when the task ends, read or not', async () => {
    const before = descriptors()

    await play(function* () {
      yield* group(function* (g) {
        for (let i = 0; i < 10; i++) {
          yield* g.spawn(function* () {
            const p = yield* start(...script('head -c 100000 /dev/zero; cat >&2'), PIPED)
            if (i % 3 === 0) yield* p.stdout.readexactly(10)
            if (i % 3 === 1) p.stdin.shutdown()
            yield* sleep(20)
          })
        }
      })
    }, long())

    expect(descriptors()).toBeLessThanOrEqual(before)
  })

  it('of programs that end by themselves are closed while the task goes on', async () => {
    const [before, after] = await play(function* () {
      yield* (yield* start('true', [], PIPED)).exited
      yield* sleep(20)
      const before = descriptors()
      const program = ['head', ['-c', '100000', '/dev/zero'], PIPED] as const
      for (let i = 0; i < 20; i++) yield* (yield* start(...program)).exited
      yield* sleep(20)
      return [before, descriptors()]
    }, long())

    expect(after).toBeLessThanOrEqual(before as number)
  })
})

describe('the end of a scope', () => {
  const STUBBORN = script('trap "" TERM; (trap "" TERM; echo; sleep 30) & echo; sleep 30 & wait')

  /** How many of them have begun to ignore it. */
  let ready = 0

  function* untilReady() {
    while (ready === 0) yield* sleep(1)
  }

  beforeEach(() => {
    ready = 0
  })

  function* stubborn(grace?: number): Generator<any, Process, any> {
    const p = yield* start(STUBBORN[0], STUBBORN[1], {
      stdout: 'pipe',
      ...(grace === undefined ? {} : { grace }),
    })
    yield* p.stdout.readline()
    yield* p.stdout.readline()
    ready++
    return p
  }

  it('forces a program that ignores SIGTERM once its grace period is over, with all of its group', async () => {
    const { ms, left } = await play(function* () {
      let begun = 0
      yield* group(function* () {
        yield* stubborn(100)
        begun = performance.now()
      })
      return { ms: performance.now() - begun, left: commands() }
    }, long())

    expect(left).toEqual([])
    expect(ms).toBeGreaterThanOrEqual(99)
  })

  it('by a kill forces it within the grace period of the kill', async () => {
    const left = await play(function* () {
      const started = yield* spawn(function* () {
        yield* stubborn()
        yield* sleep(1e9)
      })
      yield* untilReady()
      yield* kill(started, { grace: 200 })
      return commands()
    }, long())

    expect(left).toEqual([])
  })

  it('is hastened by a kill that comes while it stops the process', async () => {
    const left = await play(function* () {
      const started = yield* spawn(stubborn)
      yield* untilReady()
      yield* sleep(50)
      yield* kill(started, { grace: 50 })
      return commands()
    }, long())

    expect(left).toEqual([])
  })

  it('leaves the clean-up of the task its time, and the process its input', async () => {
    const log = await play(function* () {
      const log: string[] = []
      const task = yield* spawn(function* () {
        const p = yield* start(...script('while read line; do echo "got $line"; done'), PIPED)
        try {
          yield* p.stdout.readline()
        } finally {
          yield* p.stdin.sendall('quit\n')
          p.stdin.shutdown()
          log.push(`${yield* p.stdout.readline()}`, `${(yield* p.exited).code}`)
        }
      })
      yield* sleep(50)
      yield* kill(task)
      return log
    }, long())

    expect(log).toEqual(['got quit\n', '0'])
  })

  it('of a clean-up that takes too long still ends the process', async () => {
    const left = await play(function* () {
      const task = yield* spawn(function* () {
        try {
          yield* stubborn()
          yield* sleep(1e9)
        } finally {
          yield* sleep(1e9)
        }
      })
      yield* untilReady()
      yield* sleep(50)
      yield* kill(task, { grace: 30 })
      return commands()
    }, long())

    expect(left).toEqual([])
  })

  it('comes with the error of another task, and with the end of the run', async () => {
    const error = new Error('failed')
    function* failing(): Generator<any, void, any> {
      yield* spawn(stubborn, 50)
      yield* untilReady()
      throw error
    }

    const inGroup = await play(function* () {
      const thrown = yield* errorOf(group(failing))
      return [thrown === error, commands()]
    }, long())
    const thrown = await rejection(run(failing))
    const left = commands()

    expect(inGroup).toEqual([true, []])
    expect([thrown, left]).toEqual([error, []])
  })

  it('comes with the signal of the run', async () => {
    const controller = new AbortController()

    const run = play(
      function* () {
        yield* stubborn(50)
        controller.abort(new Error('enough'))
        yield* sleep(1e9)
      },
      { signal: controller.signal },
    )

    expect((await rejection(run)).message).toBe('enough')
    expect(commands()).toEqual([])
  })

  it('of a session comes when its client has gone', async () => {
    const left = await play(function* () {
      const served = yield* serve(function* (conn) {
        const yes = yield* start('yes', [], { stdout: 'pipe' })
        yield* pipe(yes.stdout, conn)
      })
      const client = yield* connect(LOOPBACK, served.port)
      yield* client.readexactly(100_000)
      const during = commands()
      client.abort()
      while (served.counts.open > 0) yield* sleep(1)
      const after = commands()
      yield* kill(served.task)
      return [during, after]
    }, long())

    expect(left).toEqual([['yes'], []])
  })
})

// Scenarios of trio's test_subprocess.py.
describe('as in trio', () => {
  it('test_basic: the exit codes of true and false', async () => {
    const codes = await play(function* () {
      const list = [yield* start('true'), yield* start('false')]
      return yield* all(list.map(({ exited }) => exited))
    })

    expect(codes).toEqual([
      { code: 0, signal: null },
      { code: 1, signal: null },
    ])
  })

  it('test_auto_update_returncode: several wait for one end', async () => {
    const ends = await play(function* () {
      const p = yield* start('sleep', ['0.05'])
      return yield* all([p.exited, p.exited, p.exited])
    })

    expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([0]))
  })

  it('test_multi_wait: a wait that is killed disturbs no other', async () => {
    const exit = await play(function* () {
      const p = yield* start('cat', [], { stdin: 'pipe' })
      const [first, second] = [yield* spawn(() => perform(p.exited)), yield* spawn(() => perform(p.exited))]
      yield* sleep(1)
      yield* kill(first)
      p.stdin.shutdown()
      return yield* second
    })

    expect(exit).toEqual({ code: 0, signal: null })
  })

  it('test_interactive: a dialogue with a program, line by line', async () => {
    const lines = await play(function* () {
      const text = 'while read n; do echo $((n * 2)); echo $((n + 1)) >&2; done'
      const p = yield* start(...script(text), PIPED)
      const lines: string[] = []
      for (let n = 10; n < 50; n++) {
        yield* p.stdin.sendall(`${n}\n`)
        const [out, err] = yield* all([p.stdout.readline(), p.stderr.readline()])
        lines.push(`${`${out}`.trim()} ${`${err}`.trim()}`)
      }
      p.stdin.shutdown()
      lines.push(`${(yield* p.exited).code}`)
      return lines
    }, long())

    expect(lines).toEqual([...Array.from({ length: 40 }, (_, i) => `${(i + 10) * 2} ${i + 11}`), '0'])
  })

  it('test_send_signal: signals that end it, that stop it and that continue it', async () => {
    const ends = await play(function* () {
      const ends: unknown[] = []
      for (const name of ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']) {
        const p = yield* start('sleep', ['30'])
        p.signal(name)
        ends.push((yield* p.exited).signal)
      }
      const p = yield* start('sleep', ['30'])
      p.signal('SIGSTOP')
      yield* untilStopped(p)
      p.signal('SIGTERM')
      const early = yield* errorOf(timeout(50, p.exited))
      p.signal('SIGCONT')
      return [...ends, early.name, (yield* p.exited).signal]
    }, long())

    expect(ends).toEqual(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'TimeoutError', 'SIGTERM'])
  })

  it('a process that is stopped by SIGSTOP is forced', async () => {
    const left = await play(function* () {
      yield* group(function* () {
        const p = yield* start('sleep', ['30'], { grace: 50 })
        p.signal('SIGSTOP')
        yield* untilStopped(p)
      })
      return commands()
    }, long())

    expect(left).toEqual([])
  })

  it('test_run: exec and start give the same output', async () => {
    const text = 'echo out; echo err >&2; exit 3'

    const [ran, started] = await play(function* () {
      const ran = yield* exec('sh', ['-c', text], { check: false, encoding: 'utf8' })
      const p = yield* start(...script(text), PIPED)
      const [stdout, stderr, { code }] = yield* all([reading(p.stdout), reading(p.stderr), p.exited])
      return [
        [ran.stdout, ran.stderr, ran.code],
        [stdout, stderr, code],
      ]
    })

    expect(started).toEqual(ran)
  })
})
