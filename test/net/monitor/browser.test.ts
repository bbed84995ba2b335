import { type Connection, connect, server } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { type Coroutine, kill, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { pageFor, serveBrowser } from '../../../packages/net/src/monitor/browser.js'

const TOKEN = 'abc'
const HOST = 'Host: 127.0.0.1:80'

/** What a browser gets for a request, or its first bytes. */
async function replyTo(
  lines: readonly string[],
  record: () => string | Promise<string> = () => '{}\n',
  until?: string,
): Promise<string> {
  let reply = ''
  await simulate(
    function* main(): Coroutine<void> {
      const parts = { token: TOKEN, port: 80, record: async () => record() }
      const handler = (conn: Connection) => serveBrowser(conn, parts)
      const serving = yield* spawn(server('', 80, handler, { signals: false, onError: () => {} }))
      const conn = yield* connect('localhost', 80)
      yield* conn.sendall(`${lines.join('\r\n')}\r\n\r\n`)
      reply = String(
        until === undefined
          ? yield* conn.readall({ limit: Number.POSITIVE_INFINITY })
          : yield* conn.readuntil(until),
      )
      conn.abort()
      yield* kill(serving)
    },
    { seed: 1 },
  )
  return reply
}

describe('serveBrowser', () => {
  it('gives the viewer, which follows the stream', async () => {
    const page = await replyTo([`GET /?token=${TOKEN} HTTP/1.1`, HOST])

    expect(page).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/html; charset=utf-8\r\n/)
    expect(page).toContain('\r\nReferrer-Policy: no-referrer\r\n')
    expect(page.endsWith(`\r\n\r\n${pageFor(TOKEN)}`)).toBe(true)
    expect(pageFor(TOKEN)).toContain('<meta name="bluelet-live" content="/live?token=abc">')
    expect(pageFor(TOKEN)).toContain("default-src 'none'; connect-src 'self';")
  })

  it('streams one recording after another', async () => {
    let count = 0
    const text = await replyTo(
      [`GET /live?token=${TOKEN} HTTP/1.1`, 'host: localhost:80'],
      () => (++count > 2 ? new Promise<string>(() => {}) : `{"n":${count}}\n{}\n`),
      '{"n":2}',
    )

    expect(text).toContain('Content-Type: text/event-stream')
    expect(text).toMatch(/\r\n\r\nretry: 1000\n\ndata: \{"n":1\}\ndata: \{\}\n\ndata: \{"n":2\}$/)
  })

  it('streams why there is no recording', async () => {
    const text = await replyTo([`GET /live?token=${TOKEN} HTTP/1.1`, HOST], () => 'none\n', 'none\n\nevent')

    expect(text).toMatch(/event: problem\ndata: none\n\nevent$/)
  })

  it.each([
    ['another name of the host', [`GET /?token=${TOKEN} HTTP/1.1`, 'Host: evil.test:80'], '403 Forbidden'],
    ['no name of the host', [`GET /?token=${TOKEN} HTTP/1.1`], '403 Forbidden'],
    ['a wrong token', ['GET /?token=abd HTTP/1.1', HOST], '403 Forbidden'],
    ['no token', ['GET /live HTTP/1.1', HOST], '403 Forbidden'],
    ['another path', [`GET /x?token=${TOKEN} HTTP/1.1`, HOST], '404 Not Found'],
    ['another method', [`POST /?token=${TOKEN} HTTP/1.1`, HOST], '405 Method Not Allowed'],
    ['no request', ['\u0000\u0001'], '405 Method Not Allowed'],
  ])('refuses %s', async (_name, lines, status) => {
    const reply = await replyTo(lines)

    expect(reply.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`)
    expect(reply).not.toContain(TOKEN)
  })
})
