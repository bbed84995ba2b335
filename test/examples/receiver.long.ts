// The receivers of examples/receiver as processes, and the four loops of nc at the end of their
// text.
import net from 'node:net'
import os from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { destroyPeers, dial } from '../support/peer.js'
import { leavesNothingRunning, missing, named, type Program, start, typeScript } from '../support/program.js'

leavesNothingRunning()

afterEach(destroyPeers)

/** A start takes most of a second, and longer on a busy machine. */
const MAX_MS = 30_000

const noNetcat = missing('nc', ['-h'])
const addresses = Object.values(os.networkInterfaces()).flatMap((list) => list ?? [])
const noIPv6 = addresses.some(({ address }) => address === '::1') ? null : 'this machine has no ::1'
const HOST = noIPv6 === null ? '::1' : '127.0.0.1'

async function receiver(file: string, args = [HOST]): Promise<{ server: Program; port: number }> {
  const server = start(...typeScript(file, args), { PORT: '0' })
  const [, port] = await server.printed(/^Listening on: .*:(\d+)\n/)
  return { server, port: Number(port) }
}

/** The loop that sends a letter repeatedly, until it is stopped. */
async function loop(letter: string, port: number): Promise<Program> {
  const line = `(while true;do sleep 0.05;echo ${letter};done)|nc -v ${HOST} ${port} 2>&1 &`
  const shell = start('sh', ['-c', `${line} read end; kill $!`])
  await shell.printed(/succeeded/)
  return shell
}

async function ended(loops: readonly Program[]): Promise<void> {
  for (const shell of loops) shell.write('\n')
  for (const shell of loops) await shell.ended()
}

/** How often it has printed a line. */
function count(server: Program, line: string): number {
  return server.stdout.split('\n').filter((printed) => printed === line).length
}

describe.each(['examples/receiver/blocking.ts', 'examples/receiver/split.ts'])(
  '%s',
  { timeout: MAX_MS },
  (file) => {
    it.skipIf(noNetcat)(
      named('serves one of four loops, and the next after it has left', noNetcat),
      async () => {
        const { server, port } = await receiver(file)

        const first = await loop('a', port)
        const [opening] = await server.printed(
          /^Listening on: .*\nConnection from: (.*)\nReceiving from: \1\n/,
        )
        const others = [await loop('b', port), await loop('c', port), await loop('d', port)]
        // Long enough for the others to send something too.
        const many = count(server, 'a') + 5
        await server.printed(new RegExp(`(a\n){${many}}`))
        const served = server.stdout.slice(opening.length)
        await ended([first])
        await server.printed(
          /Connection closed\nNext connection...\nConnection from: (.*)\nReceiving from: \1\n([bcd])\n/,
        )
        await ended(others)

        expect(served).toMatch(/^(a\n)+$/)
      },
    )
  },
)

describe('examples/receiver/concurrent.ts', { timeout: MAX_MS }, () => {
  it.skipIf(noNetcat)(
    named('serves four loops at once, and goes on when a client resets', noNetcat),
    async () => {
      // By default it listens on every address of both families.
      const { server, port } = await receiver(
        'examples/receiver/concurrent.ts',
        noIPv6 === null ? [] : [HOST],
      )

      const loops = await Promise.all([...'abcd'].map((letter) => loop(letter, port)))
      for (const letter of 'abcd') await server.printed(new RegExp(`^${letter}$`, 'm'))
      const closed = server.stdout.includes('Connection closed')
      const resetting = await dial(port, '127.0.0.1')
      resetting.write('e\n')
      await server.printed(/^e$/m)
      await resetting.reset()
      await server.printed(/Connection closed: 127\.0\.0\.1:/)
      const many = count(server, 'd') + 2
      await server.printed(new RegExp(`(d\n.*?){${many}}`, 's'))
      await ended(loops)
      await server.printed(/(Connection closed: .*?){5}/s)

      expect(closed).toBe(false)
      expect([server.exit, server.stderr]).toEqual([null, ''])
    },
  )
})

describe('examples/receiver/shutdown.ts', { timeout: MAX_MS }, () => {
  it.skipIf(process.platform === 'win32')('closes a connection that arrives at the same moment', async () => {
    const { server, port } = await receiver('examples/receiver/shutdown.ts')
    const first = await dial(port, HOST)
    await server.printed(/Receiving from/)

    // While it is stopped, both events arrive, so that it sees them at once.
    server.kill('SIGSTOP')
    const last = await dial(port, HOST)
    server.kill('SIGINT').kill('SIGCONT')
    for (const peer of [first, last]) await peer.finish()
    for (const peer of [first, last]) peer.end()

    expect(await server.ended()).toEqual({ code: 0, signal: null })
  })

  it.skipIf(noNetcat)(
    named('ends every connection on Ctrl+C, even during transfers, and exits with 0', noNetcat),
    async () => {
      const { server, port } = await receiver('examples/receiver/shutdown.ts')
      const loops = await Promise.all([...'abcd'].map((letter) => loop(letter, port)))
      for (const letter of 'abcd') await server.printed(new RegExp(`^${letter}$`, 'm'))
      const quiet = await dial(port, HOST)
      const sending = await dial(port, HOST)
      sending.write('hello\n')
      await server.printed(/^hello$/m)

      sending.write('x'.repeat(1_000_000))
      server.kill('SIGINT')
      for (const peer of [quiet, sending]) await peer.finish()
      for (const peer of [quiet, sending]) peer.end()
      await ended(loops)
      const exit = await server.ended()

      expect(exit).toEqual({ code: 0, signal: null })
      for (const peer of [quiet, sending]) expect([peer.ended, peer.errors]).toEqual([true, []])
      expect(server.stdout.match(/Connection closed: .*\n/g)).toHaveLength(6)
      expect(server.stderr).toBe('')
      expect(await isFree(port)).toBe(true)
    },
  )
})

/** Whether another listener can use the port. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.on('error', () => resolve(false))
    server.listen(port, HOST, () => server.close(() => resolve(true)))
  })
}
