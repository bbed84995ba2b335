// What the examples in doc comments take for granted: the names that they use and do not define.
// They run in a simulated network, in which servers listen where they connect to.
import { type Connection, connect, type Session, server } from '@bluelet/net'
import { type SimulatedNetwork, Simulation } from '@bluelet/net/testing'
import {
  type Coroutine,
  type Event,
  kill,
  pause,
  race,
  Scheduler,
  Semaphore,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { type Runtime, runtimeOf } from '@bluelet/scheduler/lowlevel'

/** The names. */
export interface Stage {
  readonly conn: Connection
  readonly session: Pick<Session, 'signal'>
  readonly signal: AbortSignal
  readonly semaphore: Semaphore
  readonly scheduler: Runtime
  readonly a: Task
  readonly b: Task
  readonly urls: readonly string[]
  readonly button: Button
  echoer(conn: Connection): Coroutine<void>
  handler(conn: Connection): Coroutine<void>
  reader(conn: Connection): Coroutine<void>
  writer(conn: Connection): Coroutine<void>
  goodbye(conn: Connection): Coroutine<void>
  work(): Coroutine<void>
  worker(): Coroutine<void>
  main(): Coroutine<void>
  fetchUser(id: number): Coroutine<string>
  fetchPage(url: string): Coroutine<string>
  withdraw(account: { balance: number }, amount: number): Coroutine<void>
  run(main: Event | Coroutine | (() => Coroutine)): Promise<void>
}

interface Button {
  addEventListener(type: string, listener: (event: never) => void, options: { once: true }): void
  removeEventListener(type: string, listener: (event: never) => void): void
}

const SECOND = 1000

const RECORDS = { 'example.com': { MX: [{ exchange: 'mail.example.com', priority: 10 }] } }

function* echoer(conn: Connection): Coroutine<void> {
  while (true) {
    const data = yield* conn.recv(1024)
    if (data.length === 0) break
    yield* conn.sendall(data)
  }
}

function* work(): Coroutine<void> {
  yield* sleep(10)
}

/** Sends some lines, ends its side, and reads whatever comes. */
function* speaker(conn: Connection): Coroutine<void> {
  yield* conn.sendall('a line\n'.repeat(200))
  conn.shutdown()
  yield* conn.readall()
}

const SERVERS = [
  [{ host: '', port: 4915 }, echoer],
  [{ host: '', port: 8080 }, speaker],
  [{ path: '/run/redis/redis.sock' }, echoer],
] as const

/** What there is without a connection, for an example that is the inside of an async function. */
export const stage: Omit<Stage, 'conn' | 'signal' | 'session' | 'scheduler' | 'a' | 'b'> = {
  semaphore: new Semaphore(1),
  urls: ['/one', '/two'],
  button: {
    addEventListener: (_type, listener) => void setTimeout(() => listener({} as never)),
    removeEventListener() {},
  },
  echoer,
  handler: echoer,
  *reader(conn) {
    yield* conn.recv()
  },
  *writer(conn) {
    yield* conn.sendall('something to read')
  },
  *goodbye(conn) {
    yield* conn.sendall('bye')
  },
  work,
  worker: work,
  main: work,
  *fetchUser(id) {
    yield* pause()
    return `user ${id}`
  },
  *fetchPage(url) {
    yield* sleep(1)
    return `page ${url}`
  },
  *withdraw(account, amount) {
    account.balance -= amount
    yield* pause()
  },
  run: (main) => inSimulation(() => forASecond(typeof main === 'function' ? main() : main)),
}

function* forASecond(main: Event | Coroutine): Coroutine<void> {
  yield* race([main, sleep(SECOND)])
}

/** Runs an example that is the inside of a coroutine. */
export function perform(example: (stage: Stage) => Coroutine<void>): Promise<void> {
  return inSimulation(function* (scheduler, network) {
    const servers: Task[] = []
    for (const [endpoint, handler] of SERVERS) servers.push(yield* spawn(server(endpoint, handler)))
    const conn = yield* connect('localhost', 8080)
    const { signal } = new AbortController()
    const [a, b] = [yield* spawn(work), yield* spawn(work)]
    const runtime = runtimeOf(scheduler)
    yield* sleep(10) // Both ends of the connection are open.
    const before = network.descriptors
    yield* forASecond(example({ ...stage, conn, signal, session: { signal }, scheduler: runtime, a, b }))
    yield* sleep(SECOND)
    const left = network.descriptors - before
    if (left > 0) throw new Error(`it leaves ${left} sockets open`)
    conn.abort()
    for (const task of servers) yield* kill(task, { grace: 0 })
  })
}

async function inSimulation(
  main: (scheduler: Scheduler, network: SimulatedNetwork) => Coroutine<void>,
): Promise<void> {
  const host = new Simulation({ records: RECORDS })
  const scheduler = new Scheduler({ host })
  await scheduler.run(() => main(scheduler, host.network))
  if (host.reports.length > 0) throw host.reports[0]
}
