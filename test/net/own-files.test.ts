// A snapshot shows where the user's code waits, and no file of this package.
import { connect, server } from '@bluelet/net'
import { Simulation } from '@bluelet/net/testing'
import { kill, Scheduler, spawn, type TaskSnapshot } from '@bluelet/scheduler'
import { expect, it } from 'vitest'

it('the call sites of a snapshot are those of the program', async () => {
  const scheduler = new Scheduler({ host: new Simulation(), sites: true })
  let taken: readonly TaskSnapshot[] = []

  await scheduler.run(function* main() {
    const serving = yield* spawn(
      server('', 4915, function* handler(conn) {
        yield* conn.recv(1)
        taken = scheduler.snapshot()
        yield* conn.sendall('x')
      }),
    )
    const conn = yield* connect('localhost', 4915)
    yield* conn.sendall('x')
    yield* conn.recv(1)
    conn.close()
    yield* kill(serving)
  })

  const sites = taken.flatMap(({ spawnedAt, yieldedAt = [] }) => [spawnedAt, ...yieldedAt])
  const shown = sites.filter((site) => site !== undefined)
  expect(shown).not.toEqual([])
  expect(shown.filter((site) => !site.includes('own-files.test.ts'))).toEqual([])
})
