// examples/dns-server.ts as a process, asked by dig and by the resolver of Node.
import { resolve, udp } from '@bluelet/net'
import { run, TimeoutError, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { leavesNothingRunning, missing, named, start, typeScript } from '../support/program.js'

const noDig = missing('dig', ['-v'])

leavesNothingRunning()

async function started() {
  const server = start(...typeScript('examples/dns-server.ts', ['db.test=10.0.0.7']), { PORT: '0' })
  const [, port] = await server.printed(/names at 127\.0\.0\.1:(\d+)/)
  return { server, port: Number(port), servers: [`127.0.0.1:${port}`] }
}

/** The example and its module, which runs in it. */
const parts = ['examples/dns-server.ts', 'examples/dns-server/messages.ts']

describe(parts.join(', '), { timeout: 30_000 }, () => {
  it.skipIf(noDig)(named('answers dig, and ends at SIGTERM', noDig), async () => {
    const { server, port } = await started()
    const ask = async (...question: string[]) => {
      const dig = start('dig', ['@127.0.0.1', '-p', `${port}`, '+tries=1', '+time=5', ...question])
      await dig.ended()
      return dig.stdout
    }

    const short = await ask('+short', 'DB.test')
    const unknown = await ask('other.test')
    const text = await ask('db.test', 'TXT')
    const exit = await server.kill('SIGTERM').ended()

    expect(short).toBe('10.0.0.7\n')
    expect(unknown).toContain('status: NXDOMAIN')
    expect(text).toMatch(/status: NOERROR[\s\S]*ANSWER: 0/)
    expect(exit).toEqual({ code: 0, signal: null })
  })

  it('answers the resolver of Node, and no bytes that are no question', async () => {
    const { port, servers } = await started()

    const outcome = await run(function* () {
      const socket = yield* udp()
      yield* socket.connect('127.0.0.1', port)
      for (const bytes of ['', 'x', Buffer.alloc(12, 0xff), Buffer.alloc(11)]) yield* socket.send(bytes)
      yield* socket.send(Buffer.from('000100000001000000000000ff', 'hex')) // A label that is too long.
      const { data } = yield* timeout(5000, socket.recv())
      let more: unknown
      try {
        more = yield* timeout(20, socket.recv())
      } catch (error) {
        more = error
      }
      socket.close()
      return { code: data[3], more, addresses: yield* resolve('db.test', 'A', { servers }) }
    })

    expect(outcome).toEqual({ code: 1, more: expect.any(TimeoutError), addresses: ['10.0.0.7'] })
  })
})
