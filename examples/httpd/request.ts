// Receives the head of a request and checks it strictly, since an attacker can exploit any difference between two parsers.
// Part of a web server: `node --import tsx examples/httpd.ts`.

import { type Connection, IncompleteReadError, LimitError, TimeoutError } from '@bluelet/net'
import type { Coroutine } from '@bluelet/scheduler'

export interface Request {
  /** 200 if the request is valid, else the status to refuse it with; the connection cannot be used any more then. */
  readonly status: number
  readonly method: string
  readonly target: string
  readonly keepAlive: boolean
}

const MAX_HEAD = 16_384

/** Gives null if the client has no more requests. */
export function* receiveRequest(conn: Connection): Coroutine<Request | null> {
  try {
    const head = yield* conn.readuntil('\r\n\r\n', { limit: MAX_HEAD })
    return parseRequest(head.toString('latin1'))
  } catch (error) {
    if (error instanceof LimitError) return refused(431)
    if (error instanceof TimeoutError) return refused(408)
    if (error instanceof IncompleteReadError) return error.partial.length === 0 ? null : refused(400)
    throw error
  }
}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~\w-]+) ([!-~]+) HTTP\/1\.([01])$/
const HEADER_LINE = /^([!#$%&'*+.^_`|~\w-]+):([\t -~\x80-\xff]*)$/

export function parseRequest(head: string): Request {
  const lines = head.replace(/^\r\n/, '').split('\r\n').slice(0, -2)
  const [line, method, target, version] = REQUEST_LINE.exec(lines.shift() ?? '') ?? []
  if (line === undefined || method === undefined || target === undefined) return refused(400)
  const headers = new Map<string, string>()
  for (const header of lines) {
    const [, name, value] = HEADER_LINE.exec(header) ?? []
    if (name === undefined || value === undefined) return refused(400)
    const before = headers.get(name.toLowerCase())
    headers.set(name.toLowerCase(), before === undefined ? value.trim() : `${before}, ${value.trim()}`)
  }
  const host = headers.get('host') ?? (version === '0' ? '' : ',')
  if (host.includes(',')) return refused(400) // None, or several.
  if (headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0') return refused(413)
  if (method !== 'GET' && method !== 'HEAD') return refused(501)
  const keepAlive = version === '1' && !headers.get('connection')?.toLowerCase().includes('close')
  return { status: 200, method, target, keepAlive }
}

function refused(status: number): Request {
  return { status, method: '-', target: '-', keepAlive: false }
}
