// Traces as files, and the trace of a failing schedule.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { all, type Coroutine, pause } from '@bluelet/scheduler'
import { everySchedule, randomSchedules, type VirtualHost } from '@bluelet/scheduler/testing'
import { parse, saveTrace, type Trace } from '@bluelet/scheduler/trace'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { rejection } from '../../support/rejection.js'

const folder = mkdtempSync(join(tmpdir(), 'bluelet-'))

afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => void vi.unstubAllGlobals())

const TRACE: Trace = {
  header: { schema: 'bluelet-trace/1', clock: 'virtual', unit: 'ms', dropped: 0 },
  events: [],
}

const badNames = [undefined, 7, 'trace', 'trace.txt', '.html']

describe('saveTrace', () => {
  it('writes JSON Lines', () => {
    const file = join(folder, 'trace.jsonl')

    expect(saveTrace(TRACE, file)).toBe(file)

    expect(parse(readFileSync(file, 'utf8'))).toEqual(TRACE)
  })

  it('writes a page', () => {
    const file = join(folder, 'trace.html')

    saveTrace(TRACE, file)

    expect(readFileSync(file, 'utf8')).toMatch(/^<!doctype html>.*"schema":"bluelet-trace\/1"/is)
  })

  it.each(badNames)('refuses the name %s', (file) => {
    expect(() => saveTrace(TRACE, file as string)).toThrow(
      'saveTrace(trace, file): expected the name of a file that ends in .html or .jsonl, got ',
    )
  })

  it('says what to do where there is no file system', () => {
    vi.stubGlobal('process', { ...process, getBuiltinModule: undefined })

    expect(() => saveTrace(TRACE, 'trace.jsonl')).toThrow(
      'there is no file system here; use stringify(trace)',
    )
  })
})

describe.each([
  ['everySchedule', everySchedule],
  ['randomSchedules', randomSchedules],
] as const)('the option trace of %s', (_name, explore) => {
  /** Two tasks that must take turns, which some schedules do not let them. */
  function* racing(_world: VirtualHost): Coroutine<void> {
    let last = ''
    function* one(name: string): Coroutine<void> {
      for (let i = 0; i < 2; i++) {
        if (last === name) throw new Error(`${name} again`)
        last = name
        yield pause()
      }
    }
    yield* all([one('a'), one('b')])
  }

  it('writes the trace of the failure, and names the file', async () => {
    const file = join(folder, 'failure.jsonl')

    const error = await rejection(explore(racing, { trace: file }))

    const { header, events } = parse(readFileSync(file, 'utf8'))
    expect(error.message).toContain(`the trace of this run is in ${file}`)
    expect(header).toMatchObject({
      clock: 'virtual',
      schedule: (error as unknown as { schedule: string }).schedule,
    })
    expect(events.filter(({ e }) => e === 'exit')).toContainEqual(
      expect.objectContaining({ outcome: 'threw' }),
    )
  })

  it('does not hide the failure if the file cannot be written', async () => {
    const file = join(folder, 'missing', 'failure.jsonl')

    const error = await rejection(explore(racing, { trace: file }))

    expect(error.message).toMatch(/again\n.*\n {2}the trace of this run could not be written: .*ENOENT/)
  })

  it('writes nothing if all is well', async () => {
    await explore(function* well() {}, { trace: join(folder, 'missing', 'nothing.jsonl') })
  })

  it.each(badNames.slice(1))('refuses the name %s', async (file) => {
    await expect(explore(racing, { trace: file as string })).rejects.toThrow(
      'trace: expected the name of a file',
    )
  })
})
