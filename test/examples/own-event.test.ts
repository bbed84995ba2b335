// examples/own-event: the event in virtual time, and the program as a process.
import { kill, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { Turnstile } from '../../examples/own-event/turnstile.js'
import { eventSuite } from '../scheduler/event-suite.js'
import { world } from '../scheduler/world.js'
import { leavesNothingRunning, startTypeScript } from '../support/program.js'

leavesNothingRunning()

eventSuite('examples/own-event/turnstile.ts', {
  *fulfilled() {
    return new Turnstile(10).pass()
  },
  value: undefined,
  awaited: () => new Turnstile(10).pass(),
  *waiting() {
    const turnstile = new Turnstile(1e6)
    yield* turnstile.pass()
    return turnstile.pass()
  },
})

describe('examples/own-event/turnstile.ts', () => {
  it('admits one visitor at each interval, first come, first served', async () => {
    const { passed } = await visitors(['a', 'b', 'c'])

    expect(passed).toEqual(['0: a', '100: b', '200: c'])
  })

  it('admits a visitor at once after an interval', async () => {
    const { scheduler, host } = world()
    const turnstile = new Turnstile(100)

    await scheduler.run(function* () {
      yield* turnstile.pass()
      yield* sleep(100)
      yield* turnstile.pass()
    })

    expect(host.now()).toBe(100)
  })

  it('gives the turn of the last visitor, if it was killed, to the next one', async () => {
    const { passed } = await visitors(['a', 'b', 'killed'], 'late')

    expect(passed).toEqual(['0: a', '100: b', '200: late'])
  })

  it('leaves the turn of a killed visitor in the middle unused', async () => {
    const { passed } = await visitors(['a', 'killed', 'c'], 'late')

    expect(passed).toEqual(['0: a', '200: c', '300: late'])
  })
})

describe('examples/own-event/visitors.ts', () => {
  it('prints which visitor passes when', { timeout: 30_000 }, async () => {
    const program = startTypeScript('examples/own-event/visitors.ts')

    const exit = await program.ended()

    expect(exit).toEqual({ code: 0, signal: null })
    expect(`\n${program.stdout}`).toBe(`
0 ms: Ann passes
100 ms: Bob passes
150 ms: Cyd leaves, since turnstile.pass() was not done within 150 ms
300 ms: Dan passes
`)
  })
})

/** Visitors that arrive at once, of which one may be killed, and one that arrives after that. */
async function visitors(names: readonly string[], late?: string): Promise<{ passed: readonly string[] }> {
  const { scheduler, log, note } = world()
  const turnstile = new Turnstile(100)
  function* visit(name: string) {
    yield turnstile.pass()
    note(name)
  }

  await scheduler.run(function* () {
    const tasks = []
    for (const name of names) tasks.push(yield* spawn(visit, name))
    yield sleep(50)
    const victim = tasks[names.indexOf('killed')]
    if (victim !== undefined) yield kill(victim)
    if (late !== undefined) yield spawn(visit, late)
  })

  return { passed: log }
}
