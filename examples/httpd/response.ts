// Sends a file, or a status with its reason. Part of a web server: `node --import tsx examples/httpd.ts`.

import { createReadStream } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { type Connection, read } from '@bluelet/net'
import type { Coroutine } from '@bluelet/scheduler'
import type { File } from './file.js'
import type { Request } from './request.js'

const CHUNK = 65_536

/** Sends a response, and gives its status. */
export function* sendResponse(conn: Connection, request: Request, file: File | null): Coroutine<number> {
  const { method, keepAlive } = request
  const status = request.status === 200 && file === null ? 404 : request.status
  const text = `${status} ${STATUS_CODES[status]}`
  const { type, size } = file ?? { type: 'text/plain; charset=utf-8', size: text.length + 1 }
  const head = [
    `HTTP/1.1 ${text}`,
    `Date: ${new Date().toUTCString()}`,
    `Content-Type: ${type}`,
    `Content-Length: ${size}`,
    'X-Content-Type-Options: nosniff',
    `Connection: ${keepAlive ? 'keep-alive' : 'close'}`,
  ]
  yield* conn.sendall(`${head.join('\r\n')}\r\n\r\n`)
  if (method === 'HEAD') return status
  if (file === null) yield* conn.sendall(`${text}\n`)
  // An empty file is not opened: its stream would never be read, and its errors would be lost.
  else if (size > 0) yield* sendFile(conn, file)
  return status
}

function* sendFile(conn: Connection, { path, size }: File): Coroutine<void> {
  const stream = createReadStream(path, { highWaterMark: CHUNK })
  try {
    for (let left = size; left > 0; ) {
      const data = yield* read(stream, Math.min(CHUNK, left))
      if (!data.length) throw new Error(`${path} has become shorter while it was sent`)
      yield* conn.sendall(data)
      left -= data.length
    }
  } finally {
    stream.destroy()
  }
}
