// Sends a file, or a status with its reason. Part of a web server: `node --import tsx examples/httpd.ts`.

import { once } from 'node:events'
import { createReadStream, type ReadStream } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { type Connection, read } from '@bluelet/net'
import { type Coroutine, wait } from '@bluelet/scheduler'
import type { File } from './file.js'
import type { Request } from './request.js'

const CHUNK = 65_536

/** Sends a response, and gives its status. The file is opened first: a status of 200 is a promise. */
export function* sendResponse(conn: Connection, request: Request, file: File | null): Coroutine<number> {
  const found = request.status === 200 ? file : null
  const stream =
    found === null || found.size === 0 ? null : createReadStream(found.path, { highWaterMark: CHUNK })
  try {
    const opened = stream === null ? found !== null : yield* opens(stream)
    const status = request.status !== 200 ? request.status : opened ? 200 : found === null ? 404 : 503
    const text = `${status} ${STATUS_CODES[status]}`
    const { type, size } =
      status === 200 && found ? found : { type: 'text/plain; charset=utf-8', size: text.length + 1 }
    yield* conn.sendall(headOf(text, type, size, request.keepAlive))
    if (request.method === 'HEAD') return status
    if (status !== 200) yield* conn.sendall(`${text}\n`)
    else if (stream !== null) yield* sendFile(conn, stream, size)
    return status
  } finally {
    stream?.destroy()
  }
}

function headOf(status: string, type: string, size: number, keepAlive: boolean): string {
  const headers = [
    `HTTP/1.1 ${status}`,
    `Date: ${new Date().toUTCString()}`,
    `Content-Type: ${type}`,
    `Content-Length: ${size}`,
    'X-Content-Type-Options: nosniff',
    `Connection: ${keepAlive ? 'keep-alive' : 'close'}`,
  ]
  return `${headers.join('\r\n')}\r\n\r\n`
}

/** Whether a file can be opened: there may be no free descriptor. */
function* opens(stream: ReadStream): Coroutine<boolean> {
  const [yes, no] = [() => true, () => false]
  return yield* wait(once(stream, 'open').then(yes, no))
}

function* sendFile(conn: Connection, stream: ReadStream, size: number): Coroutine<void> {
  for (let left = size; left > 0; ) {
    const data = yield* read(stream, Math.min(CHUNK, left))
    if (!data.length) throw new Error(`${stream.path} has become shorter while it was sent`)
    yield* conn.sendall(data)
    left -= data.length
  }
}
