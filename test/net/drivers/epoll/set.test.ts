import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EPOLLIN, nextGeneration } from '../../../../packages/net/src/drivers/epoll/set.js'
import { FalseNative } from './fake-native.js'

const uncaught: unknown[] = []
const listeners = process.listeners('uncaughtException')

// What is thrown is the process's to hear, and not the test runner's.
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
  it('tells the rest of a batch, although one has thrown: they would not be told again', async () => {
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

  it('tells a socket nothing of the one that had its slot before in the same batch', () => {
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

  it('counts generations within what the native part takes, however many sockets a slot has had', () => {
    expect([0, 1, 2 ** 31 - 2, 2 ** 31 - 1].map(nextGeneration)).toEqual([1, 2, 2 ** 31 - 1, 0])
  })

  it('takes a slot back that the system has refused', () => {
    const native = new FalseNative()
    native.answers.watch.push(-28)

    const refused = native.set.add(5, { polled() {} })
    const added = native.set.add(6, { polled() {} })

    expect([refused, added, native.set.size]).toEqual([-28, 0, 1])
  })
})
