// A file server over HTTPS. Give it a folder, a certificate and its key; then run curl:
//
//   openssl req -x509 -newkey ed25519 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost \
//     -keyout /tmp/key.pem -out /tmp/cert.pem
//   node --import tsx examples/https-files.ts . /tmp/cert.pem /tmp/key.pem
//   curl --cacert /tmp/cert.pem https://localhost:4433/README.md

import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Connection, server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'

const [folder = '.', cert = 'cert.pem', key = 'key.pem'] = process.argv.slice(2)
const port = Number(process.env.PORT ?? 4433)
const root = resolve(folder)

function* files(conn: Connection) {
  while (true) {
    const request = String(yield* conn.readline())
    if (request === '') return
    // The header ends with an empty line. There is no body.
    while (String(yield* conn.readline()).trim() !== '') {}
    const [method, target = '/'] = request.split(' ')
    yield* reply(conn, method === 'GET' ? target : '')
  }
}

function* reply(conn: Connection, target: string) {
  const path = join(root, pathOf(target)) // `join` resolves every `..`.
  const found: Buffer | null = path.startsWith(`${root}/`) ? yield readFile(path).catch(() => null) : null
  const body = found ?? Buffer.from('not found\n')
  const status = found === null ? '404 Not Found' : '200 OK'
  yield* conn.sendall(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n`)
  yield* conn.sendall(body)
}

function pathOf(target: string): string {
  try {
    return decodeURIComponent(target.split('?')[0] ?? '')
  } catch {
    return ''
  }
}

await run(
  server('', port, files, {
    tls: {
      cert: readFileSync(cert),
      key: readFileSync(key),
      alpn: ['http/1.1'],
      truncation: 'end', // Many clients just close the connection.
    },
    onListening: ({ address }) => console.log(`files at port ${address.port}`),
    onDrop: (reason, address) => console.log(`${address}: dropped (${reason})`),
  }),
)
