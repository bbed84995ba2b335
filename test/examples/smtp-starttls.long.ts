// examples/smtp-starttls.ts as a process, with openssl, Python and swaks as clients.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates, noOpenssl } from '../support/certificates.js'
import { leavesNothingRunning, missing, named, type Program, start, typeScript } from '../support/program.js'

const noPython = noOpenssl || missing('python3', ['--version'])
const noSwaks = noOpenssl || missing('swaks', ['--version'])
let made: Certificates | undefined

leavesNothingRunning()

beforeAll(() => {
  if (!noOpenssl) made = makeCertificates()
})

afterAll(() => made?.remove())

/** Starts the example. */
async function started(): Promise<{ server: Program; port: string; ca: string }> {
  const { ca, server } = made as Certificates // No test runs without them.
  const program = start(...typeScript('examples/smtp-starttls.ts', [server.certFile, server.keyFile]), {
    PORT: '0',
  })
  const [, port = ''] = await program.printed(/mail at port (\d+)/)
  return { server: program, port, ca: ca.certFile }
}

const PYTHON = `
import smtplib, socket, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
with smtplib.SMTP('localhost', port) as smtp:
    smtp.starttls(context=ssl.create_default_context(cafile=ca))
    smtp.sendmail('a@example.test', ['b@example.test'], 'Subject: hello\\r\\n\\r\\nbody')
    print('sent')
# What follows the command without TLS is an attacker's.
with socket.create_connection(('localhost', port)) as plain:
    plain.recv(1000)
    plain.sendall(b'STARTTLS\\r\\nMAIL FROM:<injected>\\r\\n')
    text = b''
    try:
        while data := plain.recv(1000): text += data
    except ConnectionResetError:
        pass
    print(text in (b'', b'220 go ahead\\r\\n'))
`

describe('examples/smtp-starttls.ts', { timeout: 30_000 }, () => {
  it.skipIf(noOpenssl)(named('speaks TLS with openssl after STARTTLS', noOpenssl), async () => {
    const { port, ca } = await started()
    const client = start('openssl', [
      ...['s_client', '-starttls', 'smtp', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost'],
      ...['-CAfile', ca, '-verify_return_error', '-crlf', '-ign_eof'],
    ])
    client.write('NOOP\n')
    await client.printed(/250 ok/)
    client.write('QUIT\n')
    const exit = await client.ended()

    expect(client.stdout).toContain('Verify return code: 0 (ok)')
    expect(client.stdout).toContain('221 bye')
    expect(exit.code).toBe(0)
  })

  it.skipIf(noPython)(named('takes a mail of smtplib, and no injected command', noPython), async () => {
    const { server, port, ca } = await started()
    const client = start('python3', ['-c', PYTHON, port, ca])
    await client.ended()
    await server.printed(/sent 3 lines by TLSv1\.3/)

    expect(client.stdout).toBe('sent\nTrue\n')
    expect(server.stdout).not.toContain('injected')
  })

  it.skipIf(noSwaks)(named('takes a mail of swaks', noSwaks), async () => {
    const { server, port } = await started()
    const client = start('swaks', [
      ...['--tls', '--server', `127.0.0.1:${port}`, '--from', 'a@example.test', '--to', 'b@example.test'],
    ])
    const exit = await client.ended()
    await server.printed(/sent \d+ lines by TLSv1/)

    expect(exit.code).toBe(0)
  })
})
