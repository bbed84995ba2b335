// Promise 10: misuse of an event is an error at the yield, which names the value and the fix.
import { Readable } from 'node:stream'
import {
  all,
  Channel,
  type Coroutine,
  call,
  callback,
  end,
  type Group,
  group,
  join,
  kill,
  pause,
  race,
  run,
  Scheduler,
  Semaphore,
  sleep,
  spawn,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { rejection, virtually } from '../world.js'
import { asynchronous, Connection, child, type ErrorClass, wrong } from './misuse-values.js'

/** What is wrong, how to cause it, the expected error class, and what the message must match. */
type Case = readonly [name: string, make: () => unknown, error: ErrorClass, ...message: RegExp[]]

// Invalid values to yield.
const wrongYields: readonly Case[] = [
  ['undefined', () => undefined, TypeError, /cannot yield undefined/, /pause\(\)/],
  ['null', () => null, TypeError, /cannot yield null/],
  ['zero', () => 0, TypeError, /cannot yield 0: .*; did you mean yield sleep\(0\)\?$/],
  ['a negative number', () => -1, TypeError, /cannot yield -1: .* or a promise$/],
  ['a number', () => 42, TypeError, /cannot yield 42/, /sleep\(42\)/],
  ['NaN', () => Number.NaN, TypeError, /cannot yield NaN/],
  ['a string', () => 'text', TypeError, /cannot yield "text"/, /expected an event/],
  ['a long string', () => 'x'.repeat(1000), TypeError, /^.{0,200}$/, /cannot yield "xxx/],
  ['a string that is just short enough', () => 'x'.repeat(40), TypeError, /"x{40}"/],
  ['a string that is just too long', () => 'x'.repeat(41), TypeError, /"x{40}\.\.\."/],
  ['a boolean', () => true, TypeError, /cannot yield true/],
  ['a bigint', () => 10n, TypeError, /cannot yield 10n/],
  ['a symbol', () => Symbol('s'), TypeError, /cannot yield Symbol\(s\)/],
  ['an object', () => ({}), TypeError, /cannot yield an object \(Object\)/],
  ['an object without a prototype', () => Object.create(null), TypeError, /cannot yield an object: /],
  ['an instance of a class without a name', () => new (class {})(), TypeError, /cannot yield an object: /],
  [
    'an object whose constructor is not a function',
    () => ({ constructor: 5 }),
    TypeError,
    /cannot yield an object: /,
  ],
  ['an instance', () => new Connection(), TypeError, /cannot yield an object \(Connection\)/],
  ['a buffer', () => Buffer.from('bytes'), TypeError, /cannot yield an object \(Buffer\)/],
  ['an error', () => new Error('made'), TypeError, /cannot yield an object \(Error\)/],
  ['an array of events', () => [sleep(1), sleep(2)], TypeError, /an array of 2/, /all\(\[/, /race\(\[/],
  ['a function* that was not called', () => child, TypeError, /a function \(child\)/, /yield child\(/],
  ['an event that was not called', () => pause, TypeError, /a function \(pause\)/, /yield pause\(/],
  ['a method that was not called', () => new Connection().recv, TypeError, /a function \(recv\)/, /recv\(/],
  ['a function without a name', () => () => {}, TypeError, /a function \(anonymous\)/],
  ['a class', () => Connection, TypeError, /a function \(Connection\)/],
  ['an async function', () => asynchronous, TypeError, /a function \(asynchronous\)/, /asynchronous\(/],
  ['an async generator', () => (async function* () {})(), TypeError, /asynchronous/, /function\*/],
  ['a channel', () => new Channel(), TypeError, /an object \(Channel\)/],
  ['a stream', () => Readable.from([]), TypeError, /Readable/],
  ['a built-in iterator', () => [1].values(), TypeError, /cannot yield an object/],
  ['a set', () => new Set(), TypeError, /an object \(Set\)/],
  ['a proxy that throws', () => hostile(), Error],
  [
    'an object whose constructor throws',
    () => ({
      get constructor() {
        throw new Error('hostile')
      },
    }),
    TypeError,
    /an object/,
  ],
]

// Invalid arguments of events, detected at the call or at the yield of the event.
const wrongArguments: readonly Case[] = [
  ["sleep('1')", () => sleep(wrong('1')), RangeError, /sleep\(ms\): expected ms >= 0, got/],
  ['sleep(-1)', () => sleep(-1), RangeError, /sleep\(ms\).*-1/],
  ['sleep(NaN)', () => sleep(Number.NaN), RangeError, /sleep\(ms\).*NaN/],
  ['sleep()', () => wrong(sleep)(), RangeError, /sleep\(ms\).*undefined/],
  ['sleep(null)', () => sleep(wrong(null)), RangeError, /sleep\(ms\).*null/],
  ['sleep(10n)', () => sleep(wrong(10n)), RangeError, /sleep\(ms\).*10/],
  ['sleep(date)', () => sleep(wrong(new Date(0))), RangeError, /sleep\(ms\)/],
  ['sleep([5])', () => sleep(wrong([5])), RangeError, /sleep\(ms\)/],
  ['timeout(-1, event)', () => timeout(-1, pause()), RangeError, /timeout\(ms, yieldable\).*-1/],
  ["timeout('1', event)", () => timeout(wrong('1'), pause()), RangeError, /timeout\(ms, yieldable\)/],
  ['timeout(event, 1)', () => wrong(timeout)(pause(), 1), RangeError, /timeout\(ms, yieldable\)/],
  ['timeout(1)', () => wrong(timeout)(1), TypeError, /undefined/],
  ['timeout(1, function)', () => timeout(1, wrong(child)), TypeError, /a function \(child\)/],
  ['timeout(1, 42)', () => timeout(1, wrong(42)), TypeError, /42/],
  ['spawn(5)', () => spawn(wrong(5)), TypeError, /spawn\(/, /got 5/],
  ['spawn()', () => wrong(spawn)(), TypeError, /spawn\(/, /undefined/],
  ['spawn(event)', () => spawn(wrong(pause())), TypeError, /spawn\(/, /event/i],
  ['spawn(promise)', () => spawn(wrong(Promise.resolve())), TypeError, /spawn\(/, /Promise/],
  [
    'spawn(async function)',
    () => spawn(wrong(asynchronous)),
    TypeError,
    /spawn\(asynchronous\)/,
    /function\*/,
  ],
  [
    'spawn(async function that fails)',
    () => spawn(wrong(async () => Promise.reject(new Error('ignored')))),
    TypeError,
    /spawn\(anonymous\)/,
  ],
  ['spawn(null)', () => spawn(wrong(null)), TypeError, /spawn\(coroutine\): expected .*, got null/],
  [
    'spawn(plain function)',
    () => spawn(wrong(function plain() {})),
    TypeError,
    /spawn\(plain\)/,
    /function\*/,
  ],
  ['spawn(coroutine, argument)', () => wrong(spawn)(child(), 1), TypeError, /no further arguments, got 1/],
  [
    'spawn of one coroutine twice',
    () => twice((coroutine) => spawn(coroutine)),
    TypeError,
    /spawned before/,
    /join/,
  ],
  ['spawn.with({ name: 5 })', () => spawn.with({ name: wrong(5) }, child), TypeError, /name.*string.*5/],
  ["spawn.with('name', ...)", () => spawn.with(wrong('name'), child), TypeError, /spawn\.with/, /"name"/],
  ['spawn.with(function)', () => wrong(spawn.with)(child), TypeError, /spawn/],
  ['call(5)', () => call(wrong(5)), TypeError, /call\(/, /got 5/],
  ['call(async function)', () => call(wrong(asynchronous)), TypeError, /call\(asynchronous\)/, /function\*/],
  ['call of one coroutine twice', () => twice((coroutine) => call(coroutine)), TypeError, /called before/],
  ['join(5)', () => join(wrong(5)), TypeError, /join\(task\): expected a task, got 5/],
  ['join()', () => wrong(join)(), TypeError, /join\(task\).*undefined/],
  ['join(coroutine), never spawned', () => join(child()), TypeError, /never spawned/, /spawn\(/],
  ['join(function)', () => join(wrong(child)), TypeError, /join\(task\).*a function \(child\)/],
  ['join(function without a name)', () => join(wrong(() => {})), TypeError, /a function \(anonymous\)/],
  ['join(spawn(function))', () => join(wrong(spawn(child))), TypeError, /join\(task\)/, /event/i],
  ['kill(5)', () => kill(wrong(5)), TypeError, /kill\(task\): expected a task, got 5/],
  ['kill(coroutine), never spawned', () => kill(child()), TypeError, /never spawned/],
  ['kill(task, { grace: -1 })', () => withTask((task) => kill(task, { grace: -1 })), RangeError, /grace.*-1/],
  [
    'kill(task, 5)',
    () => withTask((task) => kill(task, wrong(5))),
    TypeError,
    /kill\(task, options\): expected an object such as \{ grace \}, got 5/,
  ],
  [
    "kill(task, { grace: '1' })",
    () => withTask((task) => kill(task, { grace: wrong('1') })),
    RangeError,
    /grace/,
  ],
  [
    'all(event, event)',
    () => wrong(all)(pause(), pause()),
    TypeError,
    /all\(yieldables\): expected an array/,
  ],
  ['all(set)', () => all(wrong(new Set([pause()]))), TypeError, /expected an array.*Set/],
  ['all([42])', () => all([wrong(42)]), TypeError, /cannot yield 42/],
  ['all of a hole', () => all(wrong(new Array(1))), TypeError, /undefined/],
  ['all of one coroutine twice', () => all(twoOf(child())), TypeError, /spawned before/],
  [
    'race(event, event)',
    () => wrong(race)(pause(), pause()),
    TypeError,
    /race\(yieldables\): expected an array/,
  ],
  ['race([])', () => race([]), RangeError, /race\(yieldables\).*at least one/],
  ['race([function])', () => race([wrong(child)]), TypeError, /a function \(child\)/],
  ['race([end()])', () => race([end()]), TypeError, /end\(value\)/],
  ['wait(5)', () => wait(wrong(5)), TypeError, /wait\(promise\): expected a promise, got 5/],
  ['wait()', () => wrong(wait)(), TypeError, /wait\(promise\).*undefined/],
  ['wait(async function)', () => wait(wrong(asynchronous)), TypeError, /a function \(asynchronous\)/],
  ['group(5)', () => group(wrong(5)), TypeError, /group\(.*got 5/],
  ['group(coroutine)', () => group(wrong(child())), TypeError, /group\(/, /function/],
  [
    'group(async function)',
    () => group(wrong(asynchronous)),
    TypeError,
    /group\(asynchronous\)/,
    /function\*/,
  ],
  ['callback(5)', () => callback(wrong(5)), TypeError, /callback\(register\): expected a function, got 5/],
  ['new Semaphore(0)', () => new Semaphore(0), RangeError, /Semaphore.*0/],
  ['new Channel({ capacity: -1 })', () => new Channel({ capacity: -1 }), RangeError, /capacity.*-1/],
  ['semaphore.release()', () => new Semaphore().release(), RangeError, /release\(\)/],
]

/**
 * Yields what `make` returns and checks that the task goes on after catching; returns the error.
 */
function* attempt(make: () => unknown): Coroutine<unknown> {
  let caught: unknown = 'nothing was thrown'
  try {
    yield wrong(make())
  } catch (error) {
    caught = error
  }
  yield pause()
  return caught
}

async function caughtFrom(make: () => unknown): Promise<unknown> {
  let ticks = 0
  const caught = await virtually(function* () {
    yield spawn(function* other() {
      for (; ticks < 10; ticks++) yield pause()
    })
    return yield* attempt(make)
  })
  expect(ticks, 'what another task did').toBe(10)
  return caught
}

describe('misuse', () => {
  describe.each([
    ['yielding', wrongYields],
    ['calling', wrongArguments],
  ])('by %s', (_title, cases) => {
    for (const [name, make, error, ...parts] of cases) {
      it(`${name} is an error at that yield, and other tasks go on`, async () => {
        const caught = await caughtFrom(make)

        expect(caught).toBeInstanceOf(error)
        for (const part of parts) expect((caught as Error).message).toMatch(part)
      })
    }
  })

  it('ends the run with that error when no task catches it', async () => {
    const error = await rejection(
      virtually(function* () {
        yield wrong(42)
      }),
    )

    expect(error).toBeInstanceOf(TypeError)
  })

  it('by a task that waits for itself is an error at the join', async () => {
    const caught = await virtually(function* () {
      const coroutine: Coroutine<unknown> = (function* () {
        return yield* attempt(() => coroutine)
      })()
      yield spawn(coroutine)
      return (yield coroutine) as unknown
    }).catch((error: unknown) => error)

    expect(caught).toBeInstanceOf(TypeError)
    expect((caught as Error).message).toMatch(/spawned before/)
  })

  it('by yielding a coroutine that is running is an error at that yield', async () => {
    const caught = await virtually(function* () {
      const self: Coroutine<unknown> = (function* () {
        return yield* attempt(() => self)
      })()
      return yield* call(self)
    })

    expect(caught).toBeInstanceOf(TypeError)
    expect((caught as Error).message).toMatch(/called before/)
  })

  it('by yielding the root itself is an error at that yield', async () => {
    const root: Coroutine<unknown> = (function* () {
      return yield* attempt(() => root)
    })()

    const caught = await run(root, { host: new VirtualHost() })

    expect((caught as Error).message).toMatch(/spawned before, as task#1/)
  })

  it('by yielding a coroutine that has ended is an error at that yield', async () => {
    const coroutine = child()

    const caught = await virtually(function* () {
      yield coroutine
      return yield* attempt(() => coroutine)
    })

    expect((caught as Error).message).toMatch(/called before/)
  })

  it('by yielding a coroutine that another scheduler runs is an error at that yield', async () => {
    const coroutine = child()
    const other = new Scheduler({ host: new VirtualHost({ manual: true }) })
    other.spawn(coroutine)

    const caught = await virtually(() => attempt(() => coroutine))

    expect((caught as Error).message).toMatch(/spawned before/)
  })

  it('by yielding a coroutine that is being run by hand is an error', async () => {
    const again = (): unknown => started.next()
    const started: Coroutine = (function* () {
      return again()
    })()

    const caught = await virtually(() => attempt(() => started))

    expect(caught).toBeInstanceOf(TypeError)
  })

  it('by spawning into a group that has ended is an error at that spawn', async () => {
    const caught = await virtually(function* () {
      let left: Group | undefined
      yield group(function* (g) {
        left = g
      })
      return yield* attempt(() => left?.spawn(child))
    })

    expect((caught as Error).message).toMatch(/this group has ended/)
  })

  it('by yielding a thenable whose then throws is that error, at the yield', async () => {
    const error = new Error('of then')
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: that is what the test is about.
      then() {
        throw error
      },
    }

    const caught = await virtually(() => attempt(() => thenable))

    expect(caught).toBe(error)
  })
})

function* twice(make: (coroutine: Coroutine) => unknown): Coroutine<unknown> {
  const coroutine = child()
  yield wrong(make(coroutine))
  return yield wrong(make(coroutine))
}

function* withTask(use: (task: Coroutine) => unknown): Coroutine<unknown> {
  const coroutine = child()
  yield spawn(coroutine)
  return yield wrong(use(coroutine))
}

function twoOf(coroutine: Coroutine): Coroutine[] {
  return [coroutine, coroutine]
}

/** An object that throws at every inspection. */
function hostile(): object {
  return new Proxy(
    {},
    {
      get() {
        throw new Error('hostile')
      },
    },
  )
}
