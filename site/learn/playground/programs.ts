/**
 * The programs with which a reader can begin.
 */

/** A program by its title. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  'An echo server and three clients': `import { type Connection, connect, server } from '@bluelet/net'
import { type Coroutine, join, run, sleep, spawn, type Task } from '@bluelet/scheduler'

function* echoer(conn: Connection) {
  while (true) {
    const data = yield* conn.recv(1024)
    if (data.length === 0) return
    yield* conn.sendall(data)
  }
}

function* client(n: number): Coroutine<void> {
  yield* sleep(n * 2)
  const conn = yield* connect('localhost', 4915)
  yield* conn.sendall(\`hello \${n}\`)
  console.log(String(yield* conn.readexactly(7)))
  conn.close()
}

await run(function* main() {
  const stop = new AbortController()
  const serving = yield* spawn(server('', 4915, echoer, { signal: stop.signal }))
  const clients: Task[] = []
  for (let n = 1; n <= 3; n++) clients.push(yield* spawn(client, n))
  for (const one of clients) yield* join(one)
  stop.abort()
  yield* join(serving)
})
`,
  'A server to type to': `import { type Connection, server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'

// Run it, type a line into the terminal below, and go back in time.
function* shouter(conn: Connection) {
  yield* conn.sendall('Say something: ')
  while (true) {
    const line = yield* conn.readline('\\n', { encoding: 'utf8' })
    if (line === null) return
    yield* conn.sendall(\`\${line.toUpperCase()}!\\n\`)
  }
}

await run(server('', 4915, shouter))
`,
  'A race that most orders hide': `import { all, type Coroutine, pause, run } from '@bluelet/scheduler'

let balance = 100

function* pay(amount: number): Coroutine<void> {
  const before = balance
  if (amount > 40) yield* pause() // The bank looks twice.
  balance = before + amount
}

await run(function* main() {
  yield* all([pay(30), pay(50)])
  console.log(\`the balance is \${balance}\`)
  if (balance !== 180) throw new Error(\`the balance is \${balance}, not 180\`)
})
`,
  Breakfast: `import { type Coroutine, join, run, sleep, spawn } from '@bluelet/scheduler'

function* boil(what: string, ms: number): Coroutine<string> {
  console.log(\`\${what}: on the stove\`)
  yield* sleep(ms)
  return \`\${what}: done\`
}

await run(function* breakfast() {
  const egg = yield* spawn(boil, 'egg', 300)
  const tea = yield* spawn(boil, 'tea', 180)
  console.log(yield* join(egg))
  console.log(yield* join(tea))
})
`,
}
