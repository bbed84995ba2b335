// A line server with Deno.listen: one write for all of the lines that have come.
import { Buffer } from 'node:buffer'
import { answer } from './answer.js'

const BUFFER_BYTES = 64 * 1024
const listener = Deno.listen({ hostname: '127.0.0.1', port: 0, tcpBacklog: 1024 })

async function serve(conn) {
  try {
    conn.setNoDelay(true)
    const buffer = new Uint8Array(BUFFER_BYTES)
    let rest = null
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      const input = buffer.subarray(0, n)
      const { replies, left } = answer(rest === null ? input : Buffer.concat([rest, input]))
      rest = left === null ? null : left.slice()
      if (replies.length > 0) await send(conn, replies.length === 1 ? replies[0] : Buffer.concat(replies))
    }
  } catch {
    // The client has disconnected.
  } finally {
    conn.close()
  }
}

async function send(conn, bytes) {
  for (let sent = 0; sent < bytes.length; ) sent += await conn.write(bytes.subarray(sent))
}

console.log(listener.addr.port)
for await (const conn of listener) void serve(conn)
