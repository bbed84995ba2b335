// An echo server with Deno.listen.
const bufferBytes = Number(Deno.args[0])
const listener = Deno.listen({ hostname: '127.0.0.1', port: 0, tcpBacklog: 1024 })

async function echo(conn) {
  try {
    conn.setNoDelay(true)
    const buffer = new Uint8Array(bufferBytes)
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      for (let sent = 0; sent < n; ) sent += await conn.write(buffer.subarray(sent, n))
    }
  } catch {
    // The client has disconnected.
  } finally {
    conn.close()
  }
}

Deno.addSignalListener('SIGUSR2', () => globalThis.gc())
console.log(listener.addr.port)
for await (const conn of listener) void echo(conn)
