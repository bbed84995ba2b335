// The same seed gives the same run, byte for byte, on any network.
import { createHash, type Hash } from 'node:crypto'
import { type Connection, connect, server } from '@bluelet/net'
import { Simulation } from '@bluelet/net/testing'
import { type Coroutine, group, pause, run, sleep, spawn } from '@bluelet/scheduler'
import { type Schedule, seeded } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { pattern } from '../../net/world.js'
import { report } from '../harness.js'

const SEEDS = 200
const CLIENTS = 3
const ROUNDS = 2

/** The trace of a run: every operation of the network and every received byte, with their times. */
class Trace {
  readonly lines: string[] = []
  readonly #hash: Hash = createHash('sha256')

  note(line: string, bytes?: Buffer): void {
    this.lines.push(line)
    this.#hash.update(line)
    if (bytes !== undefined) this.#hash.update(bytes)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

/** Sends the received bytes back, after random delays. */
function* echoing(conn: Connection, trace: Trace): Coroutine<void> {
  const now = () => conn.scheduler.now()
  while (true) {
    const data = yield* conn.recv(200)
    trace.note(`${now()} server received ${data.length}`, data)
    if (data.length === 0) break
    yield* pause()
    yield* conn.sendall(data)
  }
}

/** Some clients exchange bytes with a server on the worst network, and one of them may be reset. */
function* conversation(world: Simulation, trace: Trace, chance: Schedule): Coroutine<void> {
  yield* spawn(server('', 4915, (conn) => echoing(conn, trace)))
  yield* group(function* (g) {
    for (let n = 0; n < CLIENTS; n++) yield* g.spawn(client, n)
    yield* sleep(chance.choose(40))
    const [link] = world.network.links
    link?.stall()
    yield* sleep(chance.choose(40))
    link?.resume()
    if (chance.choose(2) === 1) world.network.links.at(-1)?.reset()
  })

  function* client(n: number): Coroutine<void> {
    try {
      const conn = yield* connect('localhost', 4915)
      for (let round = 0; round < ROUNDS; round++) {
        const bytes = pattern(1 + chance.choose(200), n * ROUNDS + round)
        yield* spawn(sending, conn, bytes)
        const reply = yield* conn.readexactly(bytes.length)
        trace.note(`${world.now()} client ${n} received ${reply.length}`, reply)
      }
      conn.close()
    } catch (error) {
      trace.note(`${world.now()} client ${n}: ${error}`)
    }
  }
}

function* sending(conn: Connection, bytes: Buffer): Coroutine<void> {
  try {
    yield* conn.sendall(bytes)
  } catch {}
}

/** The trace of the run of a seed. */
async function traceOf(seed: number): Promise<Trace> {
  const trace = new Trace()
  const chance = seeded(-seed)
  const world: Simulation = new Simulation({
    seed,
    shuffle: true,
    latency: [1, 20],
    fragment: true,
    buffer: 256,
    fault({ number, kind, local, remote }) {
      trace.note(`${world.now()} ${number} ${kind} ${local} ${remote}`)
      return kind === 'read' && chance.choose(200) === 0 ? 'ECONNRESET' : undefined
    },
  })
  await run(() => conversation(world, trace, chance), { host: world, sites: false })
  return trace
}

export function describeDeterminism(oneIn: number): void {
  const seeds = SEEDS / oneIn

  describe('a simulation', () => {
    it('is the same for the same seed, byte for byte', async () => {
      const differ: number[] = []
      let operations = 0

      for (let seed = 1; seed <= seeds; seed++) {
        const [one, other] = [await traceOf(seed), await traceOf(seed)]
        operations += one.lines.length
        if (one.digest() !== other.digest()) differ.push(seed)
      }

      expect(differ).toEqual([])
      expect(operations).toBeGreaterThan(100 * seeds)
      report(
        {
          what: 'seeds run twice',
          tried: seeds,
          failed: differ.length,
          detail: `seeds 1 to ${seeds}; ${CLIENTS} clients of an echo server, ${operations} operations, each with its time, sizes and bytes`,
        },
        oneIn,
      )
    })

    it('differs for another seed', async () => {
      const digests = new Set<string>()

      for (let seed = 1; seed <= 10; seed++) digests.add((await traceOf(seed)).digest())

      expect(digests.size).toBe(10)
    })
  })
}
