// How the clients and the servers of the scenarios talk.
import { type Connection, connect } from '@bluelet/net'
import { all, type Coroutine, sleep, spawn } from '@bluelet/scheduler'
import { pattern } from '../../net/world.js'
import { EarlyEnd, type FaultHarness, HOST, PORT } from './harness.js'

/** More than the buffers hold. */
export const LARGE = pattern(512)
export const SMALL = pattern(40, 7)

/** A client: connects, and closes whatever happens. */
export function* dial(talk: (conn: Connection) => Coroutine, host = HOST, port = PORT): Coroutine<void> {
  const conn = yield* connect(host, port)
  try {
    yield* talk(conn)
  } finally {
    conn.close()
  }
}

/** Several clients, each a task of its own: none of them minds if another fails. */
export function* several(n: number, client: (i: number) => Coroutine): Coroutine<void> {
  for (let i = 0; i < n; i++) yield* spawn.with({ name: `client ${i}` }, client(i))
}

/** Receives to the end of the stream, every second time into a buffer. */
export function* receive(
  harness: FaultHarness,
  where: string,
  conn: Connection,
  sent: Buffer,
  max = 100,
): Coroutine<void> {
  const data: Buffer[] = []
  try {
    while (true) {
      const bytes = yield* conn.recv(max)
      const buffer = Buffer.alloc(max)
      const n = bytes.length > 0 ? yield* conn.recvInto(buffer) : 0
      data.push(bytes, buffer.subarray(0, n))
      if (n === 0) break
    }
  } finally {
    harness.arrived(where, data, sent)
  }
}

export function* send(conn: Connection, data: Buffer): Coroutine<void> {
  yield* conn.sendall(data)
  conn.shutdown()
}

/** Sends all while it receives. */
export function* exchange(
  harness: FaultHarness,
  name: string,
  conn: Connection,
  sent: Buffer,
  expected = sent,
): Coroutine<void> {
  yield* all([send(conn, sent), receive(harness, name, conn, expected)])
}

export function* ask(harness: FaultHarness, name: string, conn: Connection): Coroutine<void> {
  const answers: Buffer[] = []
  try {
    for (const word of ['one', 'two', 'three']) {
      yield* conn.sendall(`${word}\n`)
      const answer = yield* conn.readline('\n', { encoding: 'utf8' })
      if (answer === null) throw new EarlyEnd()
      // A fault may have cut the line.
      if (answer.length === word.length) answers.push(Buffer.from(`${answer}\n`))
    }
  } finally {
    harness.arrived(name, answers, Buffer.from('ONE\nTWO\nTHREE\n'))
  }
}

/** Tries until it has worked. */
export function* persist(harness: FaultHarness, attempt: () => Coroutine): Coroutine<void> {
  for (let attempts = 0; attempts < 5; attempts++) {
    try {
      yield* attempt()
      return
    } catch (error) {
      harness.noticed.push(error)
      yield* sleep(10)
    }
  }
}
