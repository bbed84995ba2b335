// Node's own tests of its sockets, each told anew as two coroutines, one on each side, and the trace that they leave. Where a
// case is about something that is not in our interface, it is about what that was meant to ensure.
import { describe, expect, it, type RunnerTask } from 'vitest'
import type { Bench } from '../bench.js'
import { closingCases } from './closing.js'
import { connectingCases } from './connecting.js'
import { countingCases } from './counting.js'
import { dataCases } from './data.js'
import { errorCases } from './errors.js'
import { halfCloseCases } from './half-close.js'
import { listeningCases } from './listening.js'
import { NODE_CASES } from './names.js'
import { serverCases } from './server.js'
import { timeoutCases } from './timeouts.js'

/** Describes all of them. */
export function nodeCases(bench: Bench): void {
  describe('Node’s own cases', () => {
    describe('half-close, close and order', () => {
      halfCloseCases(bench)
      closingCases(bench)
    })
    describe('errors and resets', () => errorCases(bench))
    describe('data and back-pressure', () => {
      dataCases(bench)
      countingCases(bench)
    })
    describe('server', () => {
      listeningCases(bench)
      serverCases(bench)
    })
    describe('connecting', () => connectingCases(bench))
    describe('timeouts', () => timeoutCases(bench))

    it.for(Object.entries(NODE_CASES))('are all there, each once: %s', ([group, names], { task }) => {
      const described = task.suite!.tasks.find(({ name }) => name === group)

      expect(titlesIn(described).sort()).toEqual([...names].sort())
    })

    it('are 97', () => {
      const names = Object.values(NODE_CASES).flat()

      expect(new Set(names).size).toBe(97)
    })
  })
}

/** What stands before the colon in the title of each test. */
function titlesIn(task: RunnerTask | undefined): string[] {
  if (task === undefined) return []
  if (task.type === 'test') return [task.name.split(':', 1)[0]!]
  return task.tasks.flatMap(titlesIn)
}
