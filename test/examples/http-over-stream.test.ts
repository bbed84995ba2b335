// examples/http-over-stream.ts as a process, with the `fetch` of Node as its client.
import { describe, expect, it } from 'vitest'
import { leavesNothingRunning, startServing } from '../support/program.js'

leavesNothingRunning()

describe('examples/http-over-stream.ts', { timeout: 30_000 }, () => {
  it('answers requests, and ends with a signal', async () => {
    const { server, port } = await startServing('examples/http-over-stream.ts')
    const headers = { connection: 'close' }

    const replies = await Promise.all(
      ['one', 'two'].map(async (path) => {
        const response = await fetch(`http://127.0.0.1:${port}/${path}`, { headers })
        return response.text()
      }),
    )
    await server.printed(/ bytes in \d+ ms\n.* bytes in \d+ ms\n/)
    server.child.kill('SIGTERM')
    const exit = await server.ended()

    expect(replies).toEqual(['GET /one from 127.0.0.1\n', 'GET /two from 127.0.0.1\n'])
    expect({ ...exit, stderr: server.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  })
})
