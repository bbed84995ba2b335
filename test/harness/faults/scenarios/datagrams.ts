// Servers and clients that send datagrams, while operations fail.
import { DatagramError, type UdpSocket, udp } from '@bluelet/net'
import { type Coroutine, timeout } from '@bluelet/scheduler'
import { type FaultHarness, HOST, PORT, type Scenario } from '../harness.js'
import { several } from '../talk.js'

const SERVER = { host: HOST, port: PORT }
const WORDS = ['one', 'two', 'three']
/** How long an answer may take: that of a datagram that was lost never comes. */
const ANSWER_MS = 50

export const datagrams: readonly Scenario[] = [
  {
    title: 'an echo of datagrams',
    ends: true,
    serve: (harness) => serve(harness, echo),
    visit: (harness) => several(2, (i) => ask(harness, `client ${i}`, one)),
  },
  {
    title: 'an echo of datagrams in batches',
    ends: true,
    serve: (harness) => serve(harness, echoMany),
    visit: (harness) => several(2, (i) => ask(harness, `client ${i}`, all)),
  },
  {
    title: 'a socket for datagrams that is connected',
    ends: true,
    serve: (harness) => serve(harness, echo),
    visit: (harness) => several(2, (i) => ask(harness, `client ${i}`, one, true)),
  },
]

/** Answers until it is killed; an answer that cannot be sent is left out. */
function* serve(harness: FaultHarness, answer: (socket: UdpSocket) => Coroutine): Coroutine<void> {
  using socket = yield* udp(SERVER)
  while (true) {
    try {
      yield* answer(socket)
    } catch (error) {
      if (!(error instanceof DatagramError)) throw error
      harness.noticed.push(error)
    }
  }
}

function* echo(socket: UdpSocket): Coroutine<void> {
  const { data, from } = yield* socket.recv()
  yield* socket.send(data, from)
}

function* echoMany(socket: UdpSocket): Coroutine<void> {
  const list = yield* socket.recvMany()
  yield* socket.sendMany(list.map(({ data, from }) => ({ data, to: from })))
}

type Asking = (socket: UdpSocket, connected: boolean, answers: Buffer[]) => Coroutine

function* ask(harness: FaultHarness, name: string, asking: Asking, connected = false): Coroutine<void> {
  const answers: Buffer[] = []
  try {
    using socket = yield* udp({ host: HOST })
    if (connected) yield* socket.connect(HOST, PORT)
    yield* asking(socket, connected, answers)
  } finally {
    harness.arrived(name, answers, Buffer.from(WORDS.join('')))
  }
}

function* one(socket: UdpSocket, connected: boolean, answers: Buffer[]): Coroutine<void> {
  for (const word of WORDS) {
    yield* socket.send(word, connected ? undefined : SERVER)
    answers.push((yield* timeout(ANSWER_MS, socket.recv())).data)
  }
}

function* all(socket: UdpSocket, _connected: boolean, answers: Buffer[]): Coroutine<void> {
  yield* socket.sendMany(WORDS.map((data) => ({ data, to: SERVER })))
  for (let count = 0; count < WORDS.length; ) {
    for (const { data } of yield* timeout(ANSWER_MS, socket.recvMany())) {
      // What follows one that has been lost is not looked at.
      if (String(data) === WORDS[answers.length]) answers.push(data)
      count++
    }
  }
}
