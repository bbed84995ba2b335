// The pictures of the tutorial are drawn from recordings of the library, so that they show what it
// does. If its steps change, a picture differs: look at the new one, and write it with `--update`.
import { type Connection, connect, server } from '@bluelet/net'
import { Simulation } from '@bluelet/net/testing'
import { recordNetwork } from '@bluelet/net/trace'
import {
  type Coroutine,
  join,
  pause,
  Scheduler,
  sleep,
  spawn,
  TimeoutError,
  timeout,
} from '@bluelet/scheduler'
import { record, type SVGOptions, type Trace, toSVG } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'

/** A picture of a page. */
interface Picture {
  /** The name of the page, and of the picture. */
  readonly page: string
  /** The tasks that are there from the beginning, by their names. */
  readonly tasks: Readonly<Record<string, () => Coroutine<unknown>>>
  readonly options: SVGOptions
}

function* count(last: number): Coroutine<void> {
  for (let n = 1; n <= last; n++) yield* pause()
}

function* dig(days: number): Coroutine<void> {
  for (let day = 1; day <= days; day++) yield* sleep(1)
}

function* greeter(conn: Connection): Coroutine<void> {
  try {
    yield* timeout(5000, readName(conn))
    yield* conn.sendall('Hello!')
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    yield* conn.sendall('Too late.')
  }
}

function* readName(conn: Connection): Coroutine<void> {
  yield* conn.readline()
  yield* conn.readline()
}

function* client(first: string, last: string, delay: number): Coroutine<void> {
  const conn = yield* connect('localhost', 4915)
  yield* conn.sendall(`${first}\n`)
  yield* sleep(delay)
  yield* conn.sendall(`${last}\n`)
  yield* conn.recv(100)
  conn.close()
}

const PICTURES: readonly Picture[] = [
  {
    page: '05-round-robin',
    tasks: { ant: () => count(3), bee: () => count(1), cat: () => count(2) },
    options: { title: 'Three tasks take turns: the step of each is followed by a step of the next one' },
  },
  {
    page: '10-spawn-join-kill',
    tasks: {
      *boss() {
        const ann = yield* spawn.with({ name: 'ann' }, dig, 2)
        const bob = yield* spawn.with({ name: 'bob' }, dig, 3)
        yield* join(ann)
        yield* join(bob)
      },
    },
    options: {
      axis: 'time',
      title: 'A task joins two others: one ends after 2 ms, the other one after 3 ms',
    },
  },
  {
    page: '14-timeout',
    tasks: {
      *main() {
        yield* spawn(server('', 4915, greeter))
        yield* spawn.with({ name: 'ada' }, client, 'Ada', 'Lovelace', 1000)
        yield* spawn.with({ name: 'konrad' }, client, 'Konrad', 'Zuse', 6000)
      },
    },
    options: { axis: 'time', title: 'Two clients and their sessions: the second client is too late' },
  },
]

async function recorded({ tasks }: Picture): Promise<Trace> {
  const { host, network } = recordNetwork(new Simulation({ seed: 1, latency: 0 }))
  const scheduler = new Scheduler({ host, sites: false })
  const recording = record(scheduler, { network })
  const [last = '', ...others] = Object.keys(tasks).reverse()
  for (const name of others.reverse())
    scheduler.spawn({ [name]: tasks[name] }[name] as () => Coroutine<unknown>)
  await scheduler.run({ [last]: tasks[last] }[last] as () => Coroutine<unknown>)
  return recording.stop()
}

describe('a picture of the tutorial', () => {
  it.each(PICTURES)('is what the library does: $page', async (picture) => {
    const svg = toSVG(await recorded(picture), picture.options)

    await expect(svg).toMatchFileSnapshot(`../../packages/net/docs/tutorial/${picture.page}.svg`)
  })
})
