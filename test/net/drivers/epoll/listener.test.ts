import { describe, expect, it } from 'vitest'
import { adopt, listenAtHost } from '../../../../packages/net/src/drivers/epoll/listener.js'
import { FalseNative } from './fake-native.js'

const ENETDOWN = -100
const EMFILE = -24
const TARGET = { host: '127.0.0.1', port: 0, backlog: 1 }

describe('EpollListener', () => {
  it('skips connections that were reset in the backlog, and accepts the next', () => {
    const native = new FalseNative()
    native.answers.accept.push(ENETDOWN, ENETDOWN, 9)
    const listener = listenAtHost(native.set, '127.0.0.1', TARGET)

    const socket = listener.accept()

    expect(socket).not.toBeNull()
    expect(listener.accept()).toBeNull()
  })

  it('throws such an error when it repeats without end', () => {
    const native = new FalseNative()
    native.answers.accept.push(...Array<number>(50_000).fill(ENETDOWN))
    const listener = listenAtHost(native.set, '127.0.0.1', TARGET)

    expect(() => listener.accept()).toThrow(expect.objectContaining({ code: 'ENETDOWN' }))
    expect(native.answers.accept.length).toBeGreaterThan(49_000)
  })

  it('throws when the process has no descriptor left, and accepts once it has one', () => {
    const native = new FalseNative()
    native.answers.accept.push(EMFILE, 9)
    const listener = listenAtHost(native.set, '127.0.0.1', TARGET)

    expect(() => listener.accept()).toThrow(expect.objectContaining({ code: 'EMFILE' }))
    expect(listener.accept()).not.toBeNull()
  })

  it('holds no descriptor when it cannot be watched', () => {
    const native = new FalseNative()
    native.answers.watch.push(-28)

    expect(() => listenAtHost(native.set, '127.0.0.1', TARGET)).toThrow(
      expect.objectContaining({ code: 'ENOSPC' }),
    )
    expect(native.calls).toEqual(['close 3'])
  })

  it('accepts nothing after it is closed, and closes once', () => {
    const native = new FalseNative()
    const listener = listenAtHost(native.set, '127.0.0.1', TARGET)

    listener.close()
    listener.close()
    native.answers.accept.push(9)

    expect(listener.accept()).toBeNull()
    expect(native.calls).toEqual(['close 3'])
  })

  it('resets and counts at most a full backlog when it closes, and skips reset connections', () => {
    const native = new FalseNative()
    native.answers.accept.push(9, ENETDOWN, 10, 11)
    const listener = listenAtHost(native.set, '127.0.0.1', { ...TARGET, backlog: 2 })

    listener.close()

    expect(listener.dropped).toBe(2)
    expect(native.calls).toEqual(['reset 9', 'reset 10', 'close 3'])
  })

  it('leaves the backlog of an inherited socket to the other process, and watches it no longer', () => {
    const native = new FalseNative()
    native.answers.accept.push(9)
    const listener = adopt(native.set, { fd: 5, backlog: 2 })

    listener.close()

    expect(listener.inherited).toBe(true)
    expect(listener.dropped).toBe(0)
    expect(native.calls).toEqual(['unwatch 5', 'close 5'])
  })

  it('leaves the backlog to the system without a free descriptor', () => {
    const native = new FalseNative()
    native.answers.accept.push(...Array<number>(1000).fill(EMFILE))
    const listener = listenAtHost(native.set, '127.0.0.1', { ...TARGET, backlog: 2 ** 31 - 1 })

    listener.close()

    expect(native.answers.accept.length).toBe(999)
    expect(native.calls).toEqual(['close 3'])
  })
})
