// A million connections in one process, on the simulated network: memory and time of a connection
// do not depend on the number of connections. `node million.js` opens 1,000, 10,000, 100,000 and
// 1,000,000 of them, each number in a process of its own; `node million.js 1000 50000` opens other
// numbers. A million needs a machine with 8 GB, and some minutes. A number for which there is not
// enough memory is replaced by the largest one for which there is.
//
// Both ends are here, so a connection has two sockets, a session, and two coroutines: the handler
// of the server, and its client. The system's sockets are not part of it.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { connect, server } from '@bluelet/net'
import { Simulation } from '@bluelet/net/testing'
import { Latch, pause, run, Semaphore, spawn } from '@bluelet/scheduler'

const COUNTS = [1000, 10_000, 100_000, 1_000_000]

/** Number of clients that are active at the same time: fewer than the backlog of the server. */
const ACTIVE = 256

/** Bytes of a connection before one has been measured. */
const ASSUMED_BYTES = 8192

/** The part of the available memory that may be used: the garbage collector needs some, too. */
const USABLE = 0.6

/** Given to the process that measures one number. */
const ONE = '--one'

const active = new Semaphore(ACTIVE)

const [first, ...rest] = process.argv.slice(2)
if (first === ONE) console.log(JSON.stringify(await measure(Number(rest[0]))))
else compare(first === undefined ? COUNTS : [first, ...rest].map(Number))

function compare(counts) {
  const available = Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))[1]) * 1024
  const heap = Math.floor((available * 0.9) / 2 ** 20)
  const gigabytes = (available / 2 ** 30).toFixed(1)
  console.log(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model}`)
  console.log(`${gigabytes} GiB of memory available, heap of at most ${heap} MiB\n`)
  console.log('connections  bytes each  open and echo, us  echo, us  close, us')
  let each = ASSUMED_BYTES
  for (const wanted of counts) {
    const count = Math.min(wanted, Math.floor((available * USABLE) / each))
    if (count < wanted) console.log(`(${wanted} do not fit: the largest number that does)`)
    const flags = ['--expose-gc', `--max-old-space-size=${heap}`]
    const command = [...flags, fileURLToPath(import.meta.url), ONE, `${count}`]
    const { bytes, open, echo, close } = JSON.parse(execFileSync(process.execPath, command))
    each = bytes
    const cells = [count, bytes.toFixed(0), open.toFixed(1), echo.toFixed(1), close.toFixed(1)]
    console.log(cells.map((cell, i) => `${cell}`.padStart([11, 12, 19, 10, 11][i])).join(''))
  }
}

/** Measures one number of connections: the bytes of each, and the microseconds of each phase. */
async function measure(count) {
  const result = {}
  await run(main(count, result), { host: new Simulation(), sites: false })
  return result
}

function* main(count, result) {
  const [echoing, closing] = [new Latch(), new Latch()]
  const phase = { left: 0, over: new Latch() }
  const ending = new AbortController()
  const address = yield* spawnServer(ending.signal)
  const empty = bytesInUse()

  result.open = yield* timed(phase, count, function* () {
    for (let i = 0; i < Math.min(ACTIVE, count); i++) {
      yield* spawn(open, address, Math.ceil((count - i) / ACTIVE), phase, echoing, closing)
    }
  })
  result.bytes = (bytesInUse() - empty) / count
  result.echo = yield* timed(phase, count, function* () {
    echoing.open()
  })
  result.close = yield* timed(phase, count, function* () {
    closing.open()
  })
  ending.abort()
}

/** Starts the echo server, and gives its address. */
function* spawnServer(signal) {
  const listening = new Latch()
  let address
  const onListening = (listener) => {
    address = listener.address
    listening.open()
  }
  const limits = {
    maxConnections: Number.POSITIVE_INFINITY,
    maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
  }
  yield* spawn(server('127.0.0.1', 0, echoer, { ...limits, signal, signals: false, onListening }))
  yield* listening.wait()
  return address
}

function* echoer(conn) {
  while (true) {
    const data = yield conn.recv(1024)
    if (!data.length) break
    yield conn.sendall(data)
  }
}

/** Opens connections one after the other, each of which a coroutine of its own then holds. */
function* open({ host, port }, count, phase, echoing, closing) {
  for (let i = 0; i < count; i++) {
    const conn = yield* connect(host, port)
    yield* echo(conn)
    yield* spawn(hold, conn, phase, echoing, closing)
  }
}

function* hold(conn, phase, echoing, closing) {
  done(phase)
  yield* echoing.wait()
  yield* active.acquire()
  yield* echo(conn)
  active.release()
  done(phase)
  yield* closing.wait()
  yield* active.acquire()
  conn.shutdown()
  yield* conn.recv(1) // The end of the server's side.
  conn.close()
  yield* conn.whenClosed()
  active.release()
  done(phase)
}

function* echo(conn) {
  yield* conn.sendall('x')
  yield* conn.recv(1)
}

/** Waits until all connections have done their part. Returns the microseconds of each. */
function* timed(phase, count, begin) {
  phase.left = count
  phase.over = new Latch()
  const began = performance.now()
  yield* begin()
  yield* phase.over.wait()
  yield* pause()
  return ((performance.now() - began) * 1000) / count
}

function done(phase) {
  if (--phase.left === 0) phase.over.open()
}

function bytesInUse() {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
