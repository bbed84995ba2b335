// Sockets for datagrams, and the tasks that wait in them.
import assert from 'node:assert/strict'
import { DatagramError, type UdpSocket, udp } from '@bluelet/net'
import { type Coroutine, race, sleep, TimeoutError, timeout } from '@bluelet/scheduler'
import { internals } from '../../../support/internals.js'
import { ended, type KillHarness } from '../harness.js'
import { HOST, PORT } from '../network.js'
import type { Scenario } from '../plugin.js'

/** What the others may notice of a kill: no answer comes, or the peer's socket is closed. */
const SILENCE = [TimeoutError, DatagramError]

const SERVER = { host: HOST, port: PORT }

export const datagrams: readonly Scenario[] = [
  {
    title: 'an echo of datagrams',
    follows: SILENCE,
    run: (harness) => answering(harness, echo, [asking, asking]),
  },
  {
    title: 'an echo of datagrams in batches',
    follows: SILENCE,
    run: (harness) => answering(harness, echoMany, [askingMany, askingMany]),
  },
  {
    title: 'a socket for datagrams that is connected',
    follows: SILENCE,
    run: (harness) => answering(harness, echo, [connected]),
  },
  {
    title: 'datagrams, of which some are lost, come twice or too late',
    follows: SILENCE,
    world: { datagrams: { loss: 0.2, duplicate: 0.2, reorder: [0, 20] } },
    run: (harness) => answering(harness, echo, [insisting, insisting]),
  },
  { title: 'sockets for datagrams that are given up', run: givingUp },
]

/** A server that is ended when its clients have ended. */
function answering(
  harness: KillHarness,
  serve: (socket: UdpSocket) => Coroutine,
  clients: readonly ((socket: UdpSocket) => Coroutine)[],
): Coroutine {
  harness.afterwards(function* () {
    const socket = yield* udp(SERVER)
    socket.close()
  })
  return main()

  function* main(): Coroutine<void> {
    using socket = yield* udp(SERVER)
    const serving = yield* harness.start('server', serve(socket))
    try {
      const tasks = []
      for (const [i, client] of clients.entries())
        tasks.push(yield* harness.start(`client ${i}`, bound(client)))
      for (const task of tasks) yield* ended(task)
    } finally {
      internals(harness.scheduler).cancel(serving)
    }
  }
}

function* bound(talk: (socket: UdpSocket) => Coroutine): Coroutine<void> {
  using socket = yield* udp({ host: HOST })
  yield* talk(socket)
}

function* echo(socket: UdpSocket): Coroutine<void> {
  while (true) {
    const { data, from } = yield* socket.recv()
    yield* socket.send(data, from)
  }
}

function* echoMany(socket: UdpSocket): Coroutine<void> {
  while (true) {
    const list = yield* socket.recvMany(2)
    yield* socket.sendMany(list.map(({ data, from }) => ({ data, to: from })))
  }
}

function* asking(socket: UdpSocket): Coroutine<void> {
  for (const word of ['one', 'two', 'three']) {
    yield* socket.send(word, SERVER)
    const { data } = yield* timeout(100, socket.recv())
    assert.equal(String(data), word)
  }
}

function* askingMany(socket: UdpSocket): Coroutine<void> {
  const words = ['one', 'two', 'three', '']
  assert.equal(yield* socket.sendMany(words.map((data) => ({ data, to: SERVER }))), words.length)
  const got: string[] = []
  while (got.length < words.length)
    for (const { data } of yield* timeout(100, socket.recvMany())) got.push(String(data))
  assert.deepEqual(got, words)
}

function* connected(socket: UdpSocket): Coroutine<void> {
  yield* socket.connect(HOST, PORT)
  for (const word of ['one', 'two']) {
    yield* socket.send(word)
    assert.equal(String((yield* timeout(100, socket.recv())).data), word)
  }
}

/** Asks until the answer comes, whichever of its questions it belongs to. */
function* insisting(socket: UdpSocket): Coroutine<void> {
  for (let tries = 0; tries < 20; tries++) {
    yield* socket.send('again', SERVER)
    const answer = yield* race([socket.recv(), sleep(10)])
    if (answer === undefined) continue
    assert.equal(String(answer.data), 'again')
    return
  }
}

/** At every moment of an open. */
function* givingUp(): Coroutine<void> {
  for (let ms = 0; ms < 3; ms++) {
    const socket = yield* race([udp(SERVER), sleep(ms)])
    if (socket === undefined) continue
    try {
      yield* race([socket.recv(), sleep(ms)])
    } finally {
      socket.close()
    }
  }
}
