// examples/echo-blocking.ts as a process: its echo and its faults.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { destroyPeers, dial } from '../support/peer.js'
import type { Program } from '../support/program.js'
import { startServing } from '../support/program.js'
import { unserved } from './echo-clients.js'

const example = 'examples/echo-blocking.ts'

describe(example, { timeout: 30_000 }, () => {
  let server: Program
  let port: string

  beforeAll(async () => {
    ;({ server, port } = await startServing(example))
  }, 30_000)

  afterEach(destroyPeers)

  afterAll(() => {
    server.kill('SIGKILL')
  })

  it('echoes to every client, one after another', async () => {
    expect(await unserved(port)).toEqual([])
  })

  it('answers a second client only after the first has left', async () => {
    const first = (await dial(Number(port))).read()
    const second = (await dial(Number(port))).write('are you there?\n').read()

    // In the turn of each echo the server could have served the second client.
    for (let i = 1; i <= 20; i++) {
      first.write('x')
      await first.until('the echo', () => first.length === i)
    }
    const meanwhile = second.text
    first.end()
    await second.until('the echo', () => second.length > 0)

    expect(meanwhile).toBe('')
    expect(second.text).toBe('are you there?\n')
  })

  it('ends for all clients when one resets', async () => {
    const first = (await dial(Number(port))).write('x').read()
    const second = (await dial(Number(port))).read()
    await first.until('the echo', () => first.length === 1)

    await first.reset()
    const exit = await server.ended()
    await second.until('the end', () => second.ended || second.errors.length > 0)

    expect(exit).toEqual({ code: 1, signal: null })
    expect(server.stderr).toContain('ConnectionResetError')
    expect(second.text).toBe('')
  })
})
