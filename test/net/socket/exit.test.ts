// What was sent in the turn in which the process exits.
import { createConnection } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { leavesNothingRunning, start } from '../../support/program.js'
import { WORLDS } from '../server/each-driver.js'

const DRIVERS = WORLDS.map(({ name }) => name).filter((name) => name !== 'simulated')

describe('the exit of a process', { timeout: 20_000 }, () => {
  leavesNothingRunning()

  it.each(DRIVERS)('hands over what was sent in its last turn: %s', async (driver) => {
    const program = start(process.execPath, ['test/net/fixtures/exit-at-once.mjs', driver])
    await program.printed(/port \d+/)
    const port = Number(/port (\d+)/.exec(program.stdout)?.[1])

    const received = await text(createConnection(port, '127.0.0.1'))

    expect(received).toBe('goodbye')
    expect(await program.ended()).toEqual({ code: 0, signal: null })
  })
})
