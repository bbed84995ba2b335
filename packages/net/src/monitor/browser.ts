/**
 * The monitor for a browser: the viewer, which gets a new recording every half second. It listens
 * on 127.0.0.1, and answers requests that have the token and a host name of this machine: a page of
 * another site can make its own name lead here (DNS rebinding), but it cannot change the name.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import { type Coroutine, sleep } from '@bluelet/scheduler'
import { SCHEMA, toHTML } from '@bluelet/scheduler/trace'
import type { Connection } from '../socket/connection.js'

/** The longest head of a request in bytes. */
const MAX_HEAD = 8192

/** How long a head may take, in milliseconds. */
const HEAD_TIMEOUT = 10_000

/** How long a browser waits until it connects again, in milliseconds. */
const RETRY = 1000

/** What the viewer is made of. */
export interface BrowserParts {
  readonly token: string
  readonly port: number
  /** A recording of the next half second as JSON Lines, or a line that says why there is none. */
  record(): PromiseLike<string>
}

/** Answers one request of a browser. */
export function* serveBrowser(conn: Connection, parts: BrowserParts): Coroutine<void> {
  const head = yield* conn.readuntil('\r\n\r\n', { limit: MAX_HEAD, timeout: HEAD_TIMEOUT, end: 'empty' })
  const [request = '', ...fields] = head.toString('latin1').split('\r\n')
  const [, path] = /^GET (\/\S*) HTTP\/1\.[01]$/.exec(request) ?? []
  const host = fields
    .find((field) => /^host:/i.test(field))
    ?.slice('host:'.length)
    .trim()
  if (path === undefined) return yield* respond(conn, '405 Method Not Allowed', 'only GET is answered\n')
  if (host !== `127.0.0.1:${parts.port}` && host !== `localhost:${parts.port}`) {
    return yield* respond(conn, '403 Forbidden', 'this name of the host is not allowed\n')
  }
  const { pathname, searchParams } = new URL(path, 'http://127.0.0.1')
  if (!isToken(searchParams.get('token') ?? '', parts.token)) {
    return yield* respond(
      conn,
      '403 Forbidden',
      'the token is missing or wrong: open the address that the program has printed\n',
    )
  }
  if (pathname === '/') yield* respond(conn, '200 OK', pageFor(parts.token), 'text/html')
  else if (pathname === '/live') yield* stream(conn, parts)
  else yield* respond(conn, '404 Not Found', 'there is nothing here\n')
}

/** The viewer, which follows the stream. */
export function pageFor(token: string): string {
  return toHTML({ header: { schema: SCHEMA, clock: 'real', unit: 'ms', dropped: 0 }, events: [] })
    .replace("default-src 'none';", "default-src 'none'; connect-src 'self';")
    .replace('</title>', `</title><meta name="bluelet-live" content="/live?token=${token}">`)
}

/** Sends recordings as server-sent events, one after another, for as long as the browser reads. */
function* stream(conn: Connection, { record }: BrowserParts): Coroutine<void> {
  yield* conn.sendall(`${headOf('200 OK', 'text/event-stream')}retry: ${RETRY}\n\n`)
  while (true) {
    const text = (yield record()) as string // What the promise gives.
    const kind = text.startsWith('{') ? '' : 'event: problem\n'
    yield* conn.sendall(`${kind}${text.trimEnd().replaceAll(/^/gm, 'data: ')}\n\n`)
    // A recording that is refused comes at once.
    if (kind !== '') yield* sleep(RETRY)
  }
}

function* respond(conn: Connection, status: string, body: string, type = 'text/plain'): Coroutine<void> {
  yield* conn.sendall(headOf(status, type) + body)
}

/** The address has the token in it, which no other site must get. */
function headOf(status: string, type: string): string {
  return [
    `HTTP/1.1 ${status}`,
    `Content-Type: ${type}; charset=utf-8`,
    'Cache-Control: no-store',
    'Referrer-Policy: no-referrer',
    'X-Content-Type-Options: nosniff',
    'X-Frame-Options: DENY',
    'Cross-Origin-Resource-Policy: same-origin',
    'Connection: close',
    '\r\n',
  ].join('\r\n')
}

/** Compares in a time that does not tell how much of it is right. */
function isToken(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(a, b)
}
