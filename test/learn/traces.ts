// Traces for the tests of the viewer: one of a small echo server, written by hand, one of the same
// that was recorded, and long ones.
import { type Connection, connect, server } from '@bluelet/net'
import { Simulation } from '@bluelet/net/testing'
import { recordNetwork } from '@bluelet/net/trace'
import { type Coroutine, join, Scheduler, sleep, spawn, type Task } from '@bluelet/scheduler'
import { record, SCHEMA, type Trace, type TraceEvent, type TraceHeader } from '@bluelet/scheduler/trace'

/** An event without its number. */
type Unnumbered = TraceEvent extends infer E ? (E extends TraceEvent ? Omit<E, 'n'> : never) : never

const HEADER: TraceHeader = { schema: SCHEMA, clock: 'virtual', unit: 'ms', dropped: 0, seed: 7 }

const SOURCE = `import { type Connection, connect, server } from '@bluelet/net'
import { type Coroutine, join, kill, sleep, spawn } from '@bluelet/scheduler'

// Sends back what it receives, until the peer ends.
function* echoer(conn: Connection): Coroutine<void> {
  while (true) {
    const data = yield* conn.recv(1024)
    if (data.length === 0) return
    yield* conn.sendall(data)
  }
}

function* client(i: number): Coroutine<void> {
  yield* sleep(i * 2)
  const conn = yield* connect('localhost', 4915)
  yield* conn.sendall(\`hello \${i}\`)
  console.log(String(yield* conn.readexactly(7)))
  conn.close()
}

export default function* main(): Coroutine<void> {
  const s = yield* spawn(server('', 4915, echoer))
  const c = yield* spawn(client, 1)
  yield* join(c)
  yield* kill(s)
}
`

/** A trace of these events, which are numbered. */
export function traceOf(events: readonly Unnumbered[], header: Partial<TraceHeader> = {}): Trace {
  const start = header.dropped ?? 0
  return {
    header: { ...HEADER, ...header },
    // Each is an event again.
    events: events.map((event, i) => ({ n: start + i, ...event }) as TraceEvent),
  }
}

/** A client, an echo server, and the end of both. */
export function echoTrace(): Trace {
  return traceOf(
    [
      { t: 0, e: 'spawn', co: 1, name: 'main', parent: null, by: null }, // 0
      { t: 0, e: 'resume', co: 1, how: 'value', because: 0 }, // 1
      { t: 0, e: 'spawn', co: 2, name: 'server', parent: 1, by: 1, at: 'main (echo.ts:21:20)' }, // 2
      { t: 0, e: 'yield', co: 1, ev: 'spawn(server)', op: 'spawn', at: 'main (echo.ts:22:13)' }, // 3
      { t: 0, e: 'resume', co: 1, how: 'value', because: 3, value: 'Task server#2' }, // 4
      { t: 0, e: 'spawn', co: 3, name: 'client', parent: 1, by: 4, at: 'main (echo.ts:23:20)' }, // 5
      { t: 0, e: 'yield', co: 1, ev: 'spawn(client)', op: 'spawn', at: 'main (echo.ts:23:13)' }, // 6
      { t: 0, e: 'resume', co: 1, how: 'value', because: 6, value: 'Task client#3' }, // 7
      {
        t: 0,
        e: 'yield',
        co: 1,
        ev: 'join(client#3)',
        op: 'join',
        on: { tasks: [3] },
        at: 'main (echo.ts:24:3)',
      }, // 8
      { t: 0, e: 'park', co: 1 }, // 9
      { t: 0, e: 'resume', co: 2, how: 'value', because: 2 }, // 10
      { t: 0, e: 'res', res: 1, op: 'listen', at: ':4915', step: 10 }, // 11
      { t: 0, e: 'yield', co: 2, ev: 'accept()', op: 'accept', on: { res: 1 } }, // 12
      { t: 0, e: 'park', co: 2 }, // 13
      { t: 0, e: 'resume', co: 3, how: 'value', because: 5 }, // 14
      {
        t: 0,
        e: 'yield',
        co: 3,
        ev: 'sleep(2)',
        op: 'sleep',
        at: 'client (echo.ts:14:3)',
        locals: { i: '1' },
      }, // 15
      { t: 0, e: 'park', co: 3 }, // 16
      { t: 2, e: 'wake', co: 3, by: { kind: 'timer', due: 2 } }, // 17
      { t: 2, e: 'resume', co: 3, how: 'value', because: 17 }, // 18
      { t: 2, e: 'res', res: 2, op: 'connect', at: '127.0.0.1:4915', step: 18 }, // 19
      {
        t: 2,
        e: 'yield',
        co: 3,
        ev: "connect('localhost', 4915)",
        op: 'connect',
        on: { res: 2 },
        at: 'client (echo.ts:15:16)',
        locals: { i: '1' },
      }, // 20
      { t: 2, e: 'park', co: 3 }, // 21
      { t: 3, e: 'io', res: 2, op: 'connected', cause: 19, step: null }, // 22
      { t: 3, e: 'wake', co: 3, by: { kind: 'io', res: 2, op: 'connected', bytes: 0, io: 22 } }, // 23
      { t: 3, e: 'io', res: 1, op: 'accept', made: 3, cause: 19, step: null }, // 24
      { t: 3, e: 'wake', co: 2, by: { kind: 'io', res: 1, op: 'accept', bytes: 0, io: 24 } }, // 25
      { t: 3, e: 'resume', co: 3, how: 'value', because: 23, value: 'Connection 127.0.0.1:4915' }, // 26
      { t: 3, e: 'io', res: 2, op: 'write', bytes: 7, value: "b'hello 1'", cause: null, step: 26 }, // 27
      { t: 3, e: 'packet', id: 1, from: '127.0.0.1:50000', to: '127.0.0.1:4915', bytes: 7, op: 'sent' }, // 28
      {
        t: 3,
        e: 'yield',
        co: 3,
        ev: "sendall('hello 1')",
        op: 'sendall',
        on: { res: 2 },
        at: 'client (echo.ts:16:3)',
        locals: { i: '1', conn: 'Connection' },
      }, // 29
      { t: 3, e: 'resume', co: 3, how: 'value', because: 29 }, // 30
      {
        t: 3,
        e: 'yield',
        co: 3,
        ev: 'readexactly(7)',
        op: 'readexactly',
        on: { res: 2 },
        at: 'client (echo.ts:17:22)',
        locals: { i: '1', conn: 'Connection' },
      }, // 31
      { t: 3, e: 'park', co: 3 }, // 32
      { t: 3, e: 'resume', co: 2, how: 'value', because: 25, value: 'Connection 127.0.0.1:50000' }, // 33
      { t: 3, e: 'spawn', co: 4, name: 'echoer', parent: 2, by: 33 }, // 34
      { t: 3, e: 'yield', co: 2, ev: 'accept()', op: 'accept', on: { res: 1 } }, // 35
      { t: 3, e: 'park', co: 2 }, // 36
      { t: 3, e: 'resume', co: 4, how: 'value', because: 34 }, // 37
      {
        t: 3,
        e: 'yield',
        co: 4,
        ev: 'recv(1024)',
        op: 'recv',
        on: { res: 3 },
        at: 'echoer (echo.ts:7:18)',
        locals: { conn: 'Connection' },
      }, // 38
      { t: 3, e: 'park', co: 4 }, // 39
      { t: 4, e: 'packet', id: 1, from: '127.0.0.1:50000', to: '127.0.0.1:4915', bytes: 7, op: 'arrived' }, // 40
      { t: 4, e: 'io', res: 3, op: 'read', bytes: 7, value: "b'hello 1'", cause: 27, step: null }, // 41
      { t: 4, e: 'wake', co: 4, by: { kind: 'io', res: 3, op: 'read', bytes: 7, io: 41 } }, // 42
      { t: 4, e: 'resume', co: 4, how: 'value', because: 42, value: "b'hello 1'" }, // 43
      { t: 4, e: 'io', res: 3, op: 'write', bytes: 7, value: "b'hello 1'", cause: null, step: 43 }, // 44
      { t: 4, e: 'packet', id: 2, from: '127.0.0.1:4915', to: '127.0.0.1:50000', bytes: 7, op: 'sent' }, // 45
      {
        t: 4,
        e: 'yield',
        co: 4,
        ev: "sendall(b'hello 1')",
        op: 'sendall',
        on: { res: 3 },
        at: 'echoer (echo.ts:9:5)',
        locals: { conn: 'Connection', data: "b'hello 1'" },
      }, // 46
      { t: 4, e: 'resume', co: 4, how: 'value', because: 46 }, // 47
      {
        t: 4,
        e: 'yield',
        co: 4,
        ev: 'recv(1024)',
        op: 'recv',
        on: { res: 3 },
        at: 'echoer (echo.ts:7:18)',
        locals: { conn: 'Connection' },
      }, // 48
      { t: 4, e: 'park', co: 4 }, // 49
      { t: 5, e: 'packet', id: 2, from: '127.0.0.1:4915', to: '127.0.0.1:50000', bytes: 7, op: 'arrived' }, // 50
      { t: 5, e: 'io', res: 2, op: 'read', bytes: 7, value: "b'hello 1'", cause: 44, step: null }, // 51
      { t: 5, e: 'wake', co: 3, by: { kind: 'io', res: 2, op: 'read', bytes: 7, io: 51 } }, // 52
      { t: 5, e: 'resume', co: 3, how: 'value', because: 52, value: "b'hello 1'" }, // 53
      { t: 5, e: 'log', text: 'hello 1', co: 3 }, // 54
      { t: 5, e: 'res', res: 2, op: 'close', step: 53 }, // 55
      { t: 5, e: 'exit', co: 3, outcome: 'returned' }, // 56
      { t: 5, e: 'wake', co: 1, by: { kind: 'task', co: 3, step: 53 } }, // 57
      { t: 5, e: 'resume', co: 1, how: 'value', because: 57 }, // 58
      { t: 5, e: 'cancel', co: 2, by: { kind: 'task', co: 1, step: 58 }, grace: 5000 }, // 59
      { t: 5, e: 'wake', co: 2, by: { kind: 'task', co: 1, step: 58 } }, // 60
      {
        t: 5,
        e: 'yield',
        co: 1,
        ev: 'kill(server#2)',
        op: 'kill',
        on: { tasks: [2] },
        at: 'main (echo.ts:25:3)',
      }, // 61
      { t: 5, e: 'park', co: 1 }, // 62
      { t: 5, e: 'resume', co: 2, how: 'error', because: 60, value: 'Cancelled: this task is being killed' }, // 63
      { t: 5, e: 'res', res: 1, op: 'close', step: 63 }, // 64
      { t: 5, e: 'yield', co: 2, ev: 'join(echoer#4)', op: 'join', on: { tasks: [4] } }, // 65
      { t: 5, e: 'park', co: 2 }, // 66
      { t: 6, e: 'io', res: 3, op: 'end', cause: 55, step: null }, // 67
      { t: 6, e: 'wake', co: 4, by: { kind: 'io', res: 3, op: 'end', bytes: 0, io: 67 } }, // 68
      { t: 6, e: 'resume', co: 4, how: 'value', because: 68, value: "b''" }, // 69
      { t: 6, e: 'res', res: 3, op: 'close', step: 69 }, // 70
      { t: 6, e: 'exit', co: 4, outcome: 'returned' }, // 71
      { t: 6, e: 'wake', co: 2, by: { kind: 'task', co: 4, step: 69 } }, // 72
      { t: 6, e: 'resume', co: 2, how: 'value', because: 72 }, // 73
      { t: 6, e: 'exit', co: 2, outcome: 'killed' }, // 74
      { t: 6, e: 'wake', co: 1, by: { kind: 'task', co: 2, step: 73 } }, // 75
      { t: 6, e: 'resume', co: 1, how: 'value', because: 75 }, // 76
      { t: 6, e: 'exit', co: 1, outcome: 'returned' }, // 77
    ],
    { sources: { 'echo.ts': SOURCE } },
  )
}

/** Many tasks that sleep, and wake each other: a trace of at least this many events. */
export function longTrace(size: number, tasks = 40): Trace {
  const events: Unnumbered[] = []
  for (let co = 1; co <= tasks; co++) {
    const parent = co === 1 ? null : 1
    events.push({ t: 0, e: 'spawn', co, name: co === 1 ? 'main' : 'worker', parent, by: null })
  }
  const because = Array.from({ length: tasks + 1 }, (_, co) => co - 1)
  for (let round = 0; events.length < size; round++) {
    const t = round / 4
    const co = (round % tasks) + 1
    const other = ((round * 7 + 3) % tasks) + 1
    const n = events.length
    events.push({ t, e: 'resume', co, how: 'value', because: because[co] ?? null, value: `${round}` })
    if (round % 10 === 0) events.push({ t, e: 'log', text: `round ${round}`, co })
    events.push({
      t,
      e: 'yield',
      co,
      ev: `take(${other})`,
      op: 'take',
      at: `work (work.ts:${(co % 9) + 1}:3)`,
    })
    events.push({ t, e: 'park', co })
    // The task whose turn is next is woken by this one, or by the time.
    const next = ((round + 1) % tasks) + 1
    because[next] = events.length
    if (round >= tasks - 1) {
      events.push(
        round % 3 === 0
          ? { t: t + 0.25, e: 'wake', co: next, by: { kind: 'timer', due: t + 0.25 } }
          : { t, e: 'wake', co: next, by: { kind: 'task', co, step: n } },
      )
    } else because[next] = next - 1
  }
  const lines = Array.from({ length: 9 }, (_, i) => `const line${i + 1} = yield* take(${i})`)
  return traceOf(events, { sources: { 'work.ts': `${lines.join('\n')}\n` } })
}

/** A recording of three clients of an echo server, with the tasks of the library. */
export async function simulated(): Promise<Trace> {
  const { host, network } = recordNetwork(new Simulation({ seed: 7 }))
  const scheduler = new Scheduler({ host })
  const recording = record(scheduler, { network, library: true })
  await scheduler.run(function* main() {
    const stop = new AbortController()
    const task = yield* spawn(server('', 4915, echoer, { signal: stop.signal, signals: false }))
    const clients: Task[] = []
    for (let i = 0; i < 3; i++) clients.push(yield* spawn(client, i))
    for (const each of clients) yield* join(each)
    stop.abort()
    yield* join(task)
  })
  return recording.stop()

  function* echoer(conn: Connection): Coroutine<void> {
    for (let data = yield* conn.recv(99); data.length > 0; data = yield* conn.recv(99)) {
      yield* conn.sendall(data)
    }
  }

  function* client(i: number): Coroutine<void> {
    yield* sleep(i * 2)
    const conn = yield* connect('localhost', 4915)
    yield* conn.sendall(`hello ${i}`)
    recording.log(String(yield* conn.readexactly(7)))
    conn.close()
  }
}
