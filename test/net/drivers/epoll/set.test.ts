import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EPOLLIN, nextGeneration } from '../../../../packages/net/src/drivers/epoll/set.js'
import { FalseNative } from './fake-native.js'

const uncaught: unknown[] = []
const listeners = process.listeners('uncaughtException')

// Uncaught exceptions go to the test, and not to the test runner.
beforeEach(() => {
  uncaught.length = 0
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => uncaught.push(error))
})
afterEach(() => {
  process.removeAllListeners('uncaughtException')
  for (const listener of listeners) process.on('uncaughtException', listener)
})

describe('EpollSet', () => {
  it('reports the rest of a batch even if one observer throws, since it would not be reported again', async () => {
    const native = new FalseNative()
    const told: string[] = []
    const wrong = new Error('of the observer')
    for (const name of ['first', 'second', 'third']) {
      native.set.add(5, {
        polled() {
          told.push(name)
          if (name === 'first') throw wrong
        },
      })
    }

    native.fire(...native.watched.map((one) => ({ ...one, events: EPOLLIN })))
    await new Promise(setImmediate)

    expect(told).toEqual(['first', 'second', 'third'])
    expect(uncaught).toEqual([wrong])
  })

  it('reports nothing to a socket about the previous socket in its slot in the same batch', () => {
    const native = new FalseNative()
    const told: string[] = []
    const later = { polled: () => told.push('later') }
    const remover = native.set.add(5, {
      polled() {
        native.set.remove(leaving)
        native.set.add(6, later)
      },
    })
    const leaving = native.set.add(6, { polled: () => told.push('leaving') })

    native.fire(...native.watched.map((one) => ({ ...one, events: EPOLLIN })))

    expect([remover, leaving, native.watched[2]?.slot]).toEqual([0, 1, 1])
    expect(told).toEqual([])
  })

  it('keeps generations within the range of the native part, however often a slot is reused', () => {
    expect([0, 1, 2 ** 31 - 2, 2 ** 31 - 1].map(nextGeneration)).toEqual([1, 2, 2 ** 31 - 1, 0])
  })

  it('frees a slot that the system refused', () => {
    const native = new FalseNative()
    native.answers.watch.push(-28)

    const refused = native.set.add(5, { polled() {} })
    const added = native.set.add(6, { polled() {} })

    expect([refused, added, native.set.size]).toEqual([-28, 0, 1])
  })
})
