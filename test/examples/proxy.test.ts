// examples/proxy.ts as a process, between clients and servers of `node:net`.
import { afterEach, describe, expect, it } from 'vitest'
import { destroyPeers, dial, rawServer } from '../support/peer.js'
import { leavesNothingRunning, start, typeScript } from '../support/program.js'

leavesNothingRunning()

afterEach(destroyPeers)

describe('examples/proxy.ts', { timeout: 30_000 }, () => {
  it('passes bytes, ends and resets on, and says so', async () => {
    const upstream = await rawServer()
    const args = ['127.0.0.1', String(upstream.port)]
    const proxy = start(...typeScript('examples/proxy.ts', args), { PORT: '0' })
    const [, port] = await proxy.printed(/^proxy on port (\d+), for 127\.0\.0\.1 port \d+\n/)

    const client = await dial(Number(port))
    const served = (await upstream.next()).read()
    client.read().write('a request').end()
    await served.until('the request', () => served.ended && served.text === 'a request')
    served.write('a long reply').end()
    await client.until('the reply', () => client.ended && client.text === 'a long reply')
    await proxy.printed(/: 9 bytes there, 12 bytes back\n/)

    const reset = await dial(Number(port))
    const left = (await upstream.next()).read()
    await reset.reset()
    await left.finish()
    await proxy.printed(/: the peer has disconnected \(ECONNRESET\)\n/)

    upstream.close()
    const refused = (await dial(Number(port))).read()
    await refused.finish()
    await proxy.printed(/ECONNREFUSED/)
    proxy.child.kill('SIGTERM')
    const exit = await proxy.ended()

    expect([left.errors, refused.errors]).toEqual([['ECONNRESET'], ['ECONNRESET']])
    expect({ ...exit, stderr: proxy.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  })
})
