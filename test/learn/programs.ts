// Programs for the tests of the playground.

/** A server that waits for clients, and answers each line. */
export const SHOUTER = `import { type Connection, server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'

function* shouter(conn: Connection) {
  while (true) {
    const line = yield* conn.readline('\\n', { encoding: 'utf8' })
    if (line === null) return
    console.log(line)
    yield* conn.sendall(\`\${line.toUpperCase()}\\n\`)
  }
}

await run(server('', 4915, shouter))
`

/** A server with clients of its own, so that things happen at many times. */
export const BUSY = `import { type Connection, connect, server } from '@bluelet/net'
import { type Coroutine, run, sleep, spawn } from '@bluelet/scheduler'

function* echoer(conn: Connection) {
  while (true) {
    const data = yield* conn.recv(100)
    if (data.length === 0) return
    yield* conn.sendall(data)
  }
}

function* client(n: number): Coroutine<void> {
  yield* sleep(n * 7)
  const conn = yield* connect('localhost', 4915)
  for (let i = 0; i < 3; i++) {
    yield* conn.sendall(\`\${n} \${i}\\n\`)
    console.log(String(yield* conn.readline()))
    yield* sleep(5 + Math.floor(Math.random() * 10))
  }
  conn.close()
}

await run(function* main() {
  for (let n = 0; n < 3; n++) yield* spawn(client, n)
  yield* server('', 4915, echoer)
})
`

/** Fails unless both payments are made one after the other. */
export const RACE = `import { all, type Coroutine, pause, run } from '@bluelet/scheduler'

let balance = 100

function* pay(amount: number): Coroutine<void> {
  const before = balance
  if (amount > 40) yield* pause()
  balance = before + amount
}

await run(function* main() {
  yield* all([pay(30), pay(50)])
  if (balance !== 180) throw new Error(\`the balance is \${balance}\`)
})
`

/** Each is bad in its own way: what the page says of it. */
export const BAD: readonly (readonly [title: string, text: string, says: RegExp])[] = [
  ['a syntax error', 'const a = 1\nconst = 2\n', /^This cannot be run: syntax error.*\(line 2\)/],
  ['what only the browser refuses', 'const a = 1\nconst a = 2\n', /^This cannot be run: SyntaxError: .*'a'/],
  [
    'an endless loop in a task',
    "import { run, sleep } from '@bluelet/scheduler'\nawait run(function* main() {\n  yield* sleep(5)\n  while (true) {}\n})\n",
    /^Stopped: main#1 does not yield at line 4/,
  ],
  [
    'an endless loop that catches everything',
    'while (true) {\n  try {\n    for (;;) {}\n  } catch {}\n}\n',
    /^Stopped: the program does not yield at line 3/,
  ],
  ['an endless loop of microtasks', '\nfor (;;) await null\n', /^Stopped: the program .* at line 2/],
  [
    'a hang without a loop',
    "/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')\n",
    /^Stopped: the program does not yield/,
  ],
  [
    'steps without end',
    "import { pause, run } from '@bluelet/scheduler'\nawait run(function* main() {\n  while (true) yield* pause()\n})\n",
    /^Stopped after 20,000 steps\. Go on/,
  ],
  [
    'time without end',
    "import { run, sleep } from '@bluelet/scheduler'\nawait run(function* main() {\n  while (true) yield* sleep(1000)\n})\n",
    /^Stopped after 10 s of virtual time\. Go on/,
  ],
  ['a promise that is never resolved', 'await new Promise(() => {})\n', /^The program waits for something/],
  [
    'a module that is not there',
    "import fs from 'node:fs'\nfs.readFileSync('x')\n",
    /'node:fs' here.*\(line 1\)/,
  ],
  [
    'a deadlock',
    "import { Latch, run } from '@bluelet/scheduler'\nawait run(function* main() {\n  yield* new Latch().wait()\n})\n",
    /DeadlockError: every task waits.*\n.*main#1 waits for latch.wait\(\)/,
  ],
  ['an error', '\nconst a: any = null\na.b()\n', /^TypeError: .*\(line 3\)/],
  ['a rejection that nothing awaits', "void Promise.reject(new Error('lost'))\n", /^Error: lost/],
  ['an error that cannot be shown', 'throw { toString() { throw 1 } }\n', /cannot be shown/],
]

/** What a stranger may have written. PORT is that of a server that must not be asked. */
export const HOSTILE: readonly (readonly [title: string, text: string])[] = [
  [
    'the network',
    `const tries: [string, () => unknown][] = [
  ['fetch', () => fetch('http://127.0.0.1:PORT/')],
  ['socket', () => new WebSocket('ws://127.0.0.1:PORT/')],
  ['request', () => { const r = new XMLHttpRequest(); r.open('GET', 'http://127.0.0.1:PORT/', false); r.send() }],
  ['script', () => importScripts('http://127.0.0.1:PORT/x.js')],
  ['module', () => import(['http:', '', '127.0.0.1:PORT', 'x.js'].join('/'))],
  ['frame', () => new Function('return 1')()],
  ['worker', () => new Worker('http://127.0.0.1:PORT/x.js')],
  ['beacon', () => navigator.sendBeacon('http://127.0.0.1:PORT/')],
]
for (const [name, what] of tries) {
  try {
    await what()
    console.log('LEAK', name)
  } catch {}
}
console.log('done')
`,
  ],
  [
    'storage',
    `for (const what of [() => indexedDB.open('x'), () => caches.open('x'), () => localStorage.x, () => new BroadcastChannel('x').postMessage(1)]) {
  try {
    await what()
    console.log('LEAK')
  } catch {}
}
console.log('done')
`,
  ],
  [
    'a flood of messages',
    `const { port1, port2 } = new MessageChannel()
for (let i = 0; i < 1e5; i++) port1.postMessage({ report: { end: { how: 'returned' }, trace: 'x' } })
try { for (;;) postMessage({ of: 1, report: {} }) } catch {}
console.log('done')
`,
  ],
  [
    'a way back to the globals',
    `for (let it = globalThis; it; it = Object.getPrototypeOf(it)) {
  for (const name of ['postMessage', 'fetch', 'importScripts']) {
    const own = Object.getOwnPropertyDescriptor(it, name)?.value
    try { own?.call(globalThis, 'http://127.0.0.1:PORT/') } catch {}
  }
}
console.log('done')
`,
  ],
  [
    'polluted prototypes',
    `const log = console.log
Object.assign(Object.prototype, { e: 'log', trace: 'x', how: 'hang', report: 1 })
Array.prototype.map = () => []
Map.prototype.get = () => undefined as any
JSON.stringify = () => '{'
Promise.prototype.then = function () { return this } as any
MessagePort.prototype.postMessage = function () {}
log('done')
`,
  ],
  ['markup', `console.log('<img src=x onerror="top.HARM=1"><script>HARM=1</script>done')`],
]
