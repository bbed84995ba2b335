// examples/echo-callbacks.ts as a process: it serves clients that a loop cannot serve.
import { afterEach, describe, expect, it } from 'vitest'
import { destroyPeers, dial } from '../support/peer.js'
import { leavesNothingRunning, startServing } from '../support/program.js'
import { unserved } from './echo-clients.js'

leavesNothingRunning()

afterEach(destroyPeers)

const example = 'examples/echo-callbacks.ts'

describe(example, { timeout: 30_000 }, () => {
  it('echoes to every client while others wait, do not read, or reset', async () => {
    const { server, port } = await startServing(example)
    const waiting = (await dial(Number(port))).write('first\n').read()
    const stuck = (await dial(Number(port))).write('x'.repeat(20_000_000))
    const resetting = (await dial(Number(port))).write('x'.repeat(100_000))
    await waiting.until('the echo', () => waiting.length === 6)
    await resetting.reset()

    const wrong = await unserved(port)
    waiting.write('last\n').end()
    await waiting.finish()
    stuck.end()
    await stuck.finish()

    expect(wrong).toEqual([])
    expect(waiting.text).toBe('first\nlast\n')
    expect(stuck.length).toBe(20_000_000)
    expect(server.stderr).toBe('')
  })
})
