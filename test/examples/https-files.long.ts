// examples/https-files.ts as a process, with curl, openssl and Python as clients.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates, noOpenssl } from '../support/certificates.js'
import { leavesNothingRunning, missing, named, type Program, start, typeScript } from '../support/program.js'

const noCurl = noOpenssl || missing('curl', ['--version'])
const noPython = noOpenssl || missing('python3', ['--version'])
const folder = mkdtempSync('/tmp/bluelet-example-')
let made: Certificates | undefined

leavesNothingRunning()

beforeAll(() => {
  if (!noOpenssl) made = makeCertificates()
  writeFileSync(`${folder}/file.txt`, 'the file\n')
})

afterAll(() => {
  made?.remove()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts the example. */
async function started(): Promise<{ server: Program; port: string; certificates: Certificates }> {
  const certificates = made as Certificates // No test runs without them.
  const { certFile, keyFile } = certificates.server
  const server = start(...typeScript('examples/https-files.ts', [folder, certFile, keyFile]), { PORT: '0' })
  const [, port = ''] = await server.printed(/files at port (\d+)/)
  return { server, port, certificates }
}

const PYTHON = `
import socket, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile=ca)
with socket.create_connection(('127.0.0.1', port)) as plain:
    with context.wrap_socket(plain, server_hostname='localhost') as conn:
        conn.sendall(b'GET /file.txt HTTP/1.1\\r\\n\\r\\n')
        text = b''
        while not text.endswith(b'the file\\n'):
            text += conn.recv(65536)
        print(conn.version(), text.decode().splitlines()[0])
`

describe('examples/https-files.ts', { timeout: 30_000 }, () => {
  it.skipIf(noCurl)(named('serves curl, and drops a client that does not speak TLS', noCurl), async () => {
    const { server, port, certificates } = await started()
    const url = `https://localhost:${port}`
    const ca = ['--cacert', certificates.ca.certFile]

    const curl = start('curl', [
      '-s',
      '--path-as-is',
      ...ca,
      `${url}/file.txt`,
      `${url}/../x`,
      `${url}/%2e%2e/%`,
    ])
    await curl.ended()
    const untrusting = start('curl', ['-s', `${url}/file.txt`])
    const refused = await untrusting.ended()
    const plain = start('curl', ['-s', `http://localhost:${port}/`])
    await plain.ended()
    await server.printed(/\(handshake\)\n.*\(handshake\)/)
    const exit = await server.kill('SIGTERM').ended()

    expect(curl.stdout).toBe('the file\nnot found\nnot found\n')
    expect(refused.code).toBe(60) // The certificate cannot be verified.
    expect(exit).toEqual({ code: 0, signal: null })
  })

  it.skipIf(noOpenssl)(
    named('agrees with openssl on a name, a protocol and a version', noOpenssl),
    async () => {
      const { port, certificates } = await started()
      const client = start('openssl', [
        ...['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-alpn', 'h2,http/1.1'],
        ...['-CAfile', certificates.ca.certFile, '-verify_return_error', '-ign_eof'],
      ])
      client.write('GET /file.txt HTTP/1.1\r\n\r\n')
      await client.printed(/the file/)
      await client.kill('SIGKILL').ended()

      expect(client.stdout).toContain('ALPN protocol: http/1.1')
      expect(client.stdout).toContain('Verify return code: 0 (ok)')
    },
  )

  it.skipIf(noPython)(named('serves Python', noPython), async () => {
    const { port, certificates } = await started()
    const client = start('python3', ['-c', PYTHON, port, certificates.ca.certFile])
    await client.ended()

    expect(client.stdout).toBe('TLSv1.3 HTTP/1.1 200 OK\n')
  })
})
