// The trace that a failing test leaves.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, server } from '@bluelet/net'
import { Simulation, simulate } from '@bluelet/net/testing'
import { type Coroutine, spawn } from '@bluelet/scheduler'
import { everySchedule } from '@bluelet/scheduler/testing'
import { parse } from '@bluelet/scheduler/trace'
import { afterAll, describe, expect, it } from 'vitest'
import { rejection } from '../../support/rejection.js'

const folder = mkdtempSync(join(tmpdir(), 'bluelet-'))

afterAll(() => rmSync(folder, { recursive: true }))

/** A client that waits for an answer and gets another one. */
function* failing(): Coroutine<void> {
  yield* spawn(
    server('', 4915, function* (conn) {
      yield* conn.sendall(yield* conn.readline())
    }),
  )
  const conn = yield* connect('localhost', 4915)
  yield* conn.sendall('ping\n')
  const line = String(yield* conn.readline()).trim()
  conn.close()
  throw new Error(`got ${line}`)
}

describe('the option trace of simulate', () => {
  it('writes the trace of a failure with its network, and names the file', async () => {
    const file = join(folder, 'failure.jsonl')

    const error = await rejection(simulate(failing, { trace: file, seed: 7 }))

    const { header, events } = parse(readFileSync(file, 'utf8'))
    const reads = events.filter((event) => event.e === 'io' && event.op === 'read')
    expect(error.message).toBe(`got ping\nthe trace of this run is in ${file}`)
    expect(error.stack).toContain(error.message)
    expect(header).toMatchObject({ clock: 'virtual', seed: 7 })
    expect(reads).toHaveLength(2)
    expect(reads.map((event) => event.e === 'io' && typeof event.cause)).toEqual(['number', 'number'])
    expect(events.some(({ e }) => e === 'packet')).toBe(true)
  })

  it('writes it if an error was only reported', async () => {
    const file = join(folder, 'reported.jsonl')

    const error = await rejection(
      simulate(
        function* (world) {
          world.report(new Error('reported'))
        },
        { trace: file },
      ),
    )

    expect(error.message).toContain(`reported\nthe trace of this run is in ${file}`)
  })

  it('writes nothing if the program succeeds, and gives its value', async () => {
    const value = await simulate(
      function* () {
        return 7
      },
      { trace: join(folder, 'nothing.jsonl') },
    )

    expect(value).toBe(7)
    expect(readdirSync(folder)).not.toContain('nothing.jsonl')
  })

  it('does not hide the failure if the file cannot be written', async () => {
    const error = await rejection(simulate(failing, { trace: join(folder, 'missing', 'failure.jsonl') }))

    expect(error.message).toMatch(/^got ping\nthe trace of this run could not be written: .*ENOENT/)
  })

  it.each([
    ['a string', 'text'],
    ['a frozen error', Object.freeze(new Error('frozen'))],
    ['an error without a stack', Object.assign(new Error('bare'), { stack: undefined })],
  ])('throws %s as it is', async (_what, thrown) => {
    const file = join(folder, 'thrown.jsonl')
    const program = function* (): Coroutine<void> {
      throw thrown
    }

    await expect(simulate(program, { trace: file })).rejects.toBe(thrown)
  })

  it.each([7, '', 'failure.txt'])('refuses the name %s', async (trace) => {
    await expect(simulate(failing, { trace: trace as string })).rejects.toThrow(
      'simulate: trace: expected the name of a file that ends in .html or .jsonl, got ',
    )
  })
})

it('the option trace of everySchedule records the network of a simulation', async () => {
  const file = join(folder, 'schedule.jsonl')

  await rejection(everySchedule(failing, { world: (schedule) => new Simulation({ schedule }), trace: file }))

  const { events } = parse(readFileSync(file, 'utf8'))
  expect(events.filter((event) => event.e === 'io' && event.op === 'read')).toHaveLength(2)
})
