import { type Connection, connect, server } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { type Coroutine, kill, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { serveClient } from '../../../packages/net/src/monitor/client.js'

/** What a client gets for its bytes, from a monitor that repeats commands. */
async function replyTo(bytes: string | Uint8Array): Promise<string> {
  let reply = ''
  await simulate(
    function* main(): Coroutine<void> {
      const ask = async (command: string) => `<${command}>\n`
      const serving = yield* spawn(
        server('', 1, (conn: Connection) => serveClient(conn, ask), { signals: false }),
      )
      const conn = yield* connect('localhost', 1)
      yield* conn.sendall(bytes)
      conn.shutdown()
      reply = String(yield* conn.readall())
      conn.close()
      yield* kill(serving)
    },
    { seed: 1 },
  )
  return reply
}

describe('serveClient', () => {
  it('answers each line, the last one without a line feed, too', async () => {
    expect(await replyTo('ps\r\n\n  top  \nwhere 3')).toBe('<ps>\n<top>\n<where 3>\n')
  })

  it('ends at quit', async () => {
    expect(await replyTo('ps\nquit\nps\n')).toBe('<ps>\n')
  })

  it('refuses what is not printable, and goes on', async () => {
    expect(await replyTo(Buffer.from('p\u0000s\n\xff\nps\n', 'latin1'))).toBe(
      `${'a command consists of printable ASCII; help lists the commands\n'.repeat(2)}<ps>\n`,
    )
  })

  it('ends after a line that is too long', async () => {
    expect(await replyTo(`${'x'.repeat(100_000)}\nps\n`)).toBe(
      'a command has at most 200 bytes; help lists the commands\n',
    )
  })
})
