// examples/telnet.ts as a process, with a pipe for its terminal.
import { afterEach, describe, expect, it } from 'vitest'
import { destroyPeers, rawServer } from '../support/peer.js'
import { leavesNothingRunning, type Program, start, startServing, typeScript } from '../support/program.js'

leavesNothingRunning()

afterEach(destroyPeers)

describe('examples/telnet.ts', { timeout: 30_000 }, () => {
  it('talks to the echo server, and ends after its input, with every answer', async () => {
    const { server, port } = await startServing('examples/echo.ts')
    const client = telnet('127.0.0.1', port)

    client.write('one\n')
    await client.printed(/^one\n$/)
    client.write('two\n')
    await client.printed(/^one\ntwo\n$/)
    const rest = 'three\n'.repeat(50_000)
    const exit = await client.write(rest).end().ended()

    expect({ ...exit, stderr: client.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(client.stdout === `one\ntwo\n${rest}`).toBe(true)
    expect(server.stderr).toBe('')
  })

  it('prints received bytes while it waits for the terminal, and ends with the server', async () => {
    const server = await rawServer()
    const client = telnet('127.0.0.1', String(server.port))
    const peer = (await server.next()).read()

    peer.write('who is there?\n')
    await client.printed(/^who is there\?\n$/)
    client.write('me\n')
    await peer.until('a line', () => peer.text === 'me\n')
    peer.write('bye\n').end()
    const exit = await client.ended()

    expect({ ...exit, stderr: client.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(client.stdout).toBe('who is there?\nbye\n')
  })

  it('prints its usage', async () => {
    const client = telnet()

    const exit = await client.ended()

    expect(exit).toEqual({ code: 2, signal: null })
    expect(client.stderr).toBe('usage: telnet.ts HOST PORT\n')
  })
})

function telnet(...args: string[]): Program {
  return start(...typeScript('examples/telnet.ts', args))
}
