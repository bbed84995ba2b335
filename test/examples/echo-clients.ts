// The clients of every echo server here: nc, a Python socket, and a Node socket.
import { dial } from '../support/peer.js'
import { missing, start } from '../support/program.js'

export const noNetcat = missing('nc', ['-h'])
export const noPython = missing('python3', ['--version'])

/** Sends a message and ends its side; prints the reply up to its end. */
export const PYTHON_CLIENT = `
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=8) as s:
    s.sendall(b"from python\\n" * 10000)
    s.shutdown(socket.SHUT_WR)
    got = b""
    while True:
        data = s.recv(65536)
        if not data:
            break
        got += data
    print(got == b"from python\\n" * 10000)
`

/** Runs each client, one after another; gives those that got a wrong echo, with what they got. */
export async function unserved(port: string): Promise<string[]> {
  const clients = [
    ...(noNetcat === null ? [linesOfNetcat, allOfNetcat] : []),
    ...(noPython === null ? [python] : []),
    node,
  ]
  const wrong: string[] = []
  for (const client of clients) {
    const got = await client(port)
    if (got !== true) wrong.push(`${client.name}: ${got}`)
  }
  return wrong
}

/** A line, its echo, and the next. */
async function linesOfNetcat(port: string): Promise<true | string> {
  const client = start('nc', ['-N', '127.0.0.1', port]).write('one\n')
  await client.printed(/^one\n$/)
  client.write('two\n')
  await client.printed(/^one\ntwo\n$/)
  await client.end().ended()
  return client.stdout === 'one\ntwo\n' || `${client}`
}

/** Ends its side at once, and still receives the reply. */
async function allOfNetcat(port: string): Promise<true | string> {
  const text = 'to be or not to be\n'.repeat(10_000)
  const client = start('nc', ['-N', '127.0.0.1', port]).write(text).end()
  await client.ended()
  return client.stdout === text || `${client.stdout.length} bytes of ${text.length}`
}

async function python(port: string): Promise<true | string> {
  const client = start('python3', ['-c', PYTHON_CLIENT, port])
  await client.ended()
  return client.stdout === 'True\n' || `${client}`
}

async function node(port: string): Promise<true | string> {
  const text = 'x'.repeat(100_000)
  const peer = await dial(Number(port))
  peer.write(text).end()
  await peer.finish()
  return peer.text === text || `${peer.length} bytes of ${text.length}`
}
