// A listener that no longer accepts, while clients keep connecting.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning, start, typeScript } from '../support/program.js'
import { Crowd } from './crowd.js'
import { driver } from './driver.js'
import { reachedIn } from './patience.js'
import { type Listening, ServerProcess } from './server-process.js'

leavesNothingRunning()

const CLIENTS = 5000
const BACKLOG = 128

/** How long a client that the kernel keeps waiting delays the next. */
const HELD_UP_MS = 100

/** The time until a client that retries at growing intervals finds the listener closed. */
const PATIENCE_MS = 30_000

describe('a listener', () => {
  it.each([
    { kind: 'that no task accepts from', accepts: false },
    { kind: 'whose only task is busy with the first client', accepts: true },
  ])('$kind bounds the waiting clients, counts the others, and can be closed', async ({ kind, accepts }) => {
    const argument = JSON.stringify({ accepts, backlog: BACKLOG })
    const [command, args] = typeScript('test/faults/fixtures/listener.ts', [argument])
    const program = start(command, args, {}, { channel: true })
    const { port, pid } = (await program.told(20_000)) as Listening // The shape of its report.
    const server = new ServerProcess(program, port, pid)
    const [sockets, memory] = [server.sockets().length, server.memory]

    const held = driver.waiting(BACKLOG) + Number(accepts)
    const say = 'x'.repeat(16_384)
    const crowd = await new Crowd(port, CLIENTS, {
      say,
      heldUpMs: driver.resets ? Infinity : HELD_UP_MS,
    }).connected()
    await reachedIn(5000, async () => (await crowd.fates()).open === (driver.resets ? held : CLIENTS))
    const waiting = server.sockets().length - sockets
    const grown = server.memory - memory
    const { open, connecting } = await crowd.fates()
    const { dropped } = (await program.ask('report')) as { dropped: number } // The shape of its answer.
    const atTheEnd = (await program.ask('close')) as { dropped: number } // The shape of its answer.
    // The listener's own socket is closed too.
    const free = await reachedIn(15_000, () => server.sockets().length === sockets - 1)
    await reachedIn(PATIENCE_MS, async () => (await crowd.fates()).open === 0)
    const { reset, ended, failed, open: left } = await crowd.fates()
    await program.ask('end')
    const exit = await program.ended()
    await crowd.kill()

    const inKernel = open - connecting - waiting
    record({
      what: `clients of a listener ${kind}`,
      tried: CLIENTS,
      failed: CLIENTS - open - dropped,
      detail: `in the process ${waiting}, in the kernel ${inKernel}, not connected yet ${connecting}, reset and counted ${dropped}; memory +${Math.max(0, Math.round(grown))} MiB; lost are those in no count; all are reset or refused when it is closed`,
    })
    expect(waiting).toBe(held)
    expect(open + dropped).toBe(CLIENTS)
    expect(dropped > 0).toBe(driver.resets)
    expect(grown).toBeLessThan(50)
    expect(free).toBe(true)
    expect(exit).toEqual({ code: 0, signal: null })
    // Of the clients that were not connected yet, the kernel still admits some that try again while
    // the listener closes, and resets them; the others fail.
    const late = reset + ended - atTheEnd.dropped - Number(accepts)
    expect(late).toBeGreaterThanOrEqual(0)
    expect([failed + late, left]).toEqual([connecting, 0])
    expect(program.stderr).toBe('')
  })
})
