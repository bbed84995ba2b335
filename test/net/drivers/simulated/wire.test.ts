import { Address } from '@bluelet/net'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { Packets } from '../../../../packages/net/src/drivers/simulated/packets.js'
import { Wire } from '../../../../packages/net/src/drivers/simulated/wire.js'

const HERE = new Address('127.0.0.1', 1)
const THERE = new Address('127.0.0.1', 2)

/** A wire whose packets take the given times, and the packets that arrived, with their times. */
function wire(...latencies: number[]): {
  wire: Wire
  host: VirtualHost
  arrived: string[]
  send(...names: string[]): void
} {
  const host = new VirtualHost({ manual: true })
  const arrived: string[] = []
  const made = new Wire({ host, latency: () => latencies.shift() ?? 1, packets: new Packets() }, HERE, THERE)
  const send = (...names: string[]) => {
    for (const name of names) made.send(() => arrived.push(`${name} at ${host.now()}`))
  }
  return { wire: made, host, arrived, send }
}

describe('Wire', () => {
  it('delivers after the latency, and not before', () => {
    const { host, arrived, send } = wire(10)
    send('a')

    host.advance(9.99)
    const before = [...arrived]
    host.advance(0.01)

    expect(before).toEqual([])
    expect(arrived).toEqual(['a at 10'])
  })

  it('delivers nothing during the call that sends, even without latency', () => {
    const { host, arrived, send } = wire(0)

    send('a')
    const atOnce = [...arrived]
    host.advance(0)

    expect(atOnce).toEqual([])
    expect(arrived).toEqual(['a at 0'])
  })

  it('never reorders packets', () => {
    const { host, arrived, send } = wire(10, 2, 15, 1)

    send('a', 'b', 'c', 'd')
    host.advance(100)

    expect(arrived).toEqual(['a at 10', 'b at 10', 'c at 15', 'd at 15'])
  })

  it('keeps the order even if a schedule chooses among calls that are due at the same time', () => {
    const host = new VirtualHost({ manual: true, schedule: { choose: (n) => n - 1 } })
    const arrived: string[] = []
    const made = new Wire({ host, latency: () => 1, packets: new Packets() }, HERE, THERE)
    for (const name of 'abcd') made.send(() => arrived.push(name))

    host.advance(1)

    expect(arrived.join('')).toBe('abcd')
  })

  it('delivers nothing while it is stalled', () => {
    const { wire: stalled, host, arrived, send } = wire()
    send('a')
    stalled.stall()
    send('b')

    host.advance(1000)

    expect(arrived).toEqual([])
  })

  it('delivers the delayed packets in order when it resumes, and then new ones', () => {
    const { wire: stalled, host, arrived, send } = wire()
    send('a')
    stalled.stall()
    send('b')
    host.advance(1000)

    stalled.resume()
    send('c')
    host.advance(1)

    expect(arrived).toEqual(['a at 1000', 'b at 1000', 'c at 1001'])
  })

  it('delivers packets in flight at their time', () => {
    const { wire: stalled, host, arrived, send } = wire(10)
    send('a')
    stalled.stall()
    host.advance(5)

    stalled.resume()
    host.advance(100)

    expect(arrived).toEqual(['a at 10'])
  })

  it('can be stalled again while the delayed packets are in flight', () => {
    const { wire: stalled, host, arrived, send } = wire()
    stalled.stall()
    send('a', 'b')
    host.advance(10)
    stalled.resume()
    stalled.stall()
    host.advance(10)
    const between = [...arrived]

    stalled.resume()
    host.advance(10)

    expect(between).toEqual([])
    expect(arrived).toEqual(['a at 20', 'b at 20'])
  })

  it('loses the packets in flight when it is cleared, and carries later ones', () => {
    const { wire: cut, host, arrived, send } = wire()
    send('a', 'b')

    cut.clear()
    host.advance(10)
    send('c')
    host.advance(10)

    expect(arrived).toEqual(['c at 11'])
  })

  it('ignores resume when it is not stalled', () => {
    const { wire: free, host, arrived, send } = wire(5)
    send('a')

    free.resume()
    host.advance(5)

    expect(arrived).toEqual(['a at 5'])
  })
})
