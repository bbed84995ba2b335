// Node's own tests of its sockets, each rewritten as two coroutines, one on each side, and the
// trace that they leave. A case about a feature that we do not have tests the purpose of that
// feature.
import { describe, expect, it, type RunnerTask } from 'vitest'
import type { ConformanceHarness } from '../harness.js'
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

/** Describes all cases. */
export function nodeCases(harness: ConformanceHarness): void {
  describe('Node’s own cases', () => {
    describe('half-close, close and order', () => {
      halfCloseCases(harness)
      closingCases(harness)
    })
    describe('errors and resets', () => errorCases(harness))
    describe('data and back-pressure', () => {
      dataCases(harness)
      countingCases(harness)
    })
    describe('server', () => {
      listeningCases(harness)
      serverCases(harness)
    })
    describe('connecting', () => connectingCases(harness))
    describe('timeouts', () => timeoutCases(harness))

    it.for(Object.entries(NODE_CASES))('are complete, each once: %s', ([group, names], { task }) => {
      const described = task.suite!.tasks.find(({ name }) => name === group)

      expect(titlesIn(described).sort()).toEqual([...names].sort())
    })

    it('number 97', () => {
      const names = Object.values(NODE_CASES).flat()

      expect(new Set(names).size).toBe(97)
    })
  })
}

/** The names of the cases: the part of each title before the colon. */
function titlesIn(task: RunnerTask | undefined): string[] {
  if (task === undefined) return []
  if (task.type === 'test') return [task.name.split(':', 1)[0]!]
  return task.tasks.flatMap(titlesIn)
}
