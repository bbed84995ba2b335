// What the pages of the lessons do: an echo server and its client on a network in memory, and a
// race condition that is found by trying every order. run.ts bundles this page for a browser and
// compares its final contents.
import './buffer.js'
import { type Connection, connect, server } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { all, type Coroutine, pause, run, sleep, spawn } from '@bluelet/scheduler'
import { everySchedule } from '@bluelet/scheduler/testing'

function* echoer(conn: Connection) {
  while (true) {
    const data: Buffer = yield conn.recv(1024)
    if (!data.length) break
    yield conn.sendall(data)
  }
}

function echo(): Promise<string> {
  return simulate(function* () {
    yield* spawn(server('', 4915, echoer))
    const conn = yield* connect('localhost', 4915)
    yield* conn.sendall('hello')
    const reply = yield* conn.readexactly(5)
    conn.close()
    return reply.toString()
  })
}

/** The real event loop of the page. */
function sleeping(): Promise<string> {
  return run(function* () {
    yield* sleep(5)
    return 'slept'
  })
}

function withoutNetwork(): Promise<string> {
  return run(function* () {
    yield* connect('127.0.0.1', 4915)
    return 'connected'
  }).catch((error: Error) => error.message)
}

async function lostUpdate(): Promise<string> {
  let balance = 0
  function* pay(amount: number): Coroutine<void> {
    const before = balance
    yield* pause()
    balance = before + amount
  }
  const failure: Error = await everySchedule(function* () {
    balance = 100
    yield* all([pay(30), pay(50)])
    if (balance !== 180) throw new Error(`the balance is ${balance}`)
  }).then(
    () => new Error('no schedule failed'),
    (error: Error) => error,
  )
  return failure.message.split('\n')[0] ?? ''
}

const shown = await Promise.all([echo(), sleeping(), withoutNetwork(), lostUpdate()]).catch(String)

// Declared here: the tests are checked without the types of a browser.
declare const document: { body: { textContent: string } }
document.body.textContent = JSON.stringify(shown)
