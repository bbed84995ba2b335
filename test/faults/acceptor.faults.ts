// A listener whose connections nobody accepts any more, while clients go on coming.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning, start, typeScript } from '../support/program.js'
import { Crowd } from './crowd.js'
import { reachedIn } from './patience.js'
import { type Listening, ServerProcess } from './server-process.js'

leavesNothingRunning()

const CLIENTS = 5000
const BACKLOG = 128

/** How many times the backlog wait in the process: packages/net/src/drivers/node-listener.ts. */
const BURST = 8

describe('a listener', () => {
  it.each([
    { kind: 'that nobody accepts from', accepts: false },
    { kind: 'whose only task is busy with the first client', accepts: true },
  ])('$kind bounds who waits, counts the others, and can be closed', async ({ kind, accepts }) => {
    const argument = JSON.stringify({ accepts, backlog: BACKLOG })
    const [command, args] = typeScript('test/faults/fixtures/listener.ts', [argument])
    const program = start(command, args, {}, { channel: true })
    const { port, pid } = (await program.told(20_000)) as Listening // What it says.
    const server = new ServerProcess(program, port, pid)
    const [sockets, memory] = [server.sockets().length, server.memory]

    const say = 'x'.repeat(16_384)
    const crowd = await new Crowd(port, CLIENTS, { say, atOnce: 50 }).connected()
    await reachedIn(5000, async () => (await crowd.fates()).open === BACKLOG * BURST + Number(accepts))
    const waiting = server.sockets().length - sockets
    const grown = server.memory - memory
    const { dropped } = (await program.ask('report')) as { dropped: number } // What it answers.
    await program.ask('close')
    // Its own, of the listener, as well.
    const free = await reachedIn(5000, () => server.sockets().length === sockets - 1)
    await reachedIn(5000, async () => (await crowd.fates()).open === 0)
    const { reset, ended, failed, open } = await crowd.fates()
    await program.ask('end')
    const exit = await program.ended()
    await crowd.kill()

    record({
      what: `clients of a listener ${kind}`,
      tried: CLIENTS,
      failed: CLIENTS - waiting - dropped,
      detail: `${waiting} wait, ${dropped} reset and counted; memory +${Math.max(0, Math.round(grown))} MiB; lost are those in no count; all are reset when it is closed`,
    })
    expect(waiting).toBe(BACKLOG * BURST + Number(accepts))
    expect(waiting + dropped).toBe(CLIENTS)
    expect(grown).toBeLessThan(50)
    expect(free).toBe(true)
    expect(exit).toEqual({ code: 0, signal: null })
    expect([reset + ended, failed, open]).toEqual([CLIENTS, 0, 0])
    expect(program.stderr).toBe('')
  })
})
