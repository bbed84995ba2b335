// A mail server with STARTTLS (RFC 3207), which prints what it gets. Give it a certificate and its key:
//
//   openssl req -x509 -newkey ed25519 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost \
//     -keyout /tmp/key.pem -out /tmp/cert.pem
//   node --import tsx examples/smtp-starttls.ts /tmp/cert.pem /tmp/key.pem
//   swaks --tls --server localhost:2525 --to someone@example.test

import { readFileSync } from 'node:fs'
import { type Connection, server } from '@bluelet/net'
import { type Coroutine, run } from '@bluelet/scheduler'

const [cert = 'cert.pem', key = 'key.pem'] = process.argv.slice(2)
const port = Number(process.env.PORT ?? 2525)
// One object for all connections: they share what is costly.
const tls = { server: true, cert: readFileSync(cert), key: readFileSync(key) } as const

function* mail(conn: Connection) {
  let sender = ''
  yield* conn.sendall('220 localhost ready\r\n')
  while (true) {
    const line = yield* conn.readline('\r\n', { encoding: 'latin1' })
    if (line === null) return
    const [verb = '', argument = ''] = line.split(/ (.*)/)
    const command = verb.toUpperCase()
    if (command === 'QUIT') {
      yield* conn.sendall('221 bye\r\n')
      return
    }
    if (command === 'STARTTLS' && conn.tls === undefined) {
      yield* conn.sendall('220 go ahead\r\n')
      yield* conn.startTls(tls)
      sender = '' // What was said before may be an attacker's.
    } else if (command === 'EHLO' || command === 'HELO') {
      yield* conn.sendall(conn.tls === undefined ? '250-localhost\r\n250 STARTTLS\r\n' : '250 localhost\r\n')
    } else if (command === 'MAIL' && conn.tls === undefined) {
      yield* conn.sendall('530 STARTTLS first\r\n')
    } else if (command === 'DATA' && sender !== '') {
      yield* conn.sendall('354 go ahead\r\n')
      console.log(`${sender} sent ${(yield* message(conn)).length} lines by ${conn.tls?.protocol}`)
      yield* conn.sendall('250 got it\r\n')
    } else {
      if (command === 'MAIL') sender = argument
      const known = ['MAIL', 'RCPT', 'NOOP', 'RSET'].includes(command)
      yield* conn.sendall(known ? '250 ok\r\n' : '503 not now\r\n')
    }
  }
}

function* message(conn: Connection): Coroutine<string[]> {
  const lines: string[] = []
  for (let line = yield* conn.readline('\r\n', { encoding: 'latin1' }); line !== null && line !== '.'; ) {
    lines.push(line)
    line = yield* conn.readline('\r\n', { encoding: 'latin1' })
  }
  return lines
}

await run(
  server('', port, mail, { onListening: ({ address }) => console.log(`mail at port ${address.port}`) }),
)
