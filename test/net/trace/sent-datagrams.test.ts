// Which send a datagram came from.
import { Address } from '@bluelet/net'
import { describe, expect, it } from 'vitest'
import { SentDatagrams } from '../../../packages/net/src/trace/sent-datagrams.js'

const HERE = new Address('127.0.0.1', 4000)
const THERE = new Address('127.0.0.1', 5000)
const EVERY = new Address('::', 5000)

function datagram(text: string, from = HERE, truncated = false) {
  return { data: Buffer.from(text), from, to: undefined, truncated }
}

describe('SentDatagrams', () => {
  it('gives those with the same bytes in their order, and the last one again', () => {
    const sent = new SentDatagrams()
    for (const event of [1, 2]) sent.add(HERE, THERE, datagram('x'), event)

    expect([1, 2, 3].map(() => sent.originOf(datagram('x'), EVERY))).toEqual([1, 2, 2])
  })

  it('passes over what is lost', () => {
    const sent = new SentDatagrams()
    sent.add(HERE, THERE, datagram('lost'), 1)
    sent.add(HERE, THERE, datagram('x'), 2)

    expect(sent.originOf(datagram('x'), THERE)).toBe(2)
  })

  it.each([
    ['other bytes', datagram('y'), THERE],
    ['more bytes', datagram('xx'), THERE],
    ['another sender', datagram('x', new Address('127.0.0.1', 4001)), THERE],
    ['another receiver', datagram('x'), new Address('127.0.0.1', 5001)],
    ['another host', datagram('x'), new Address('127.0.0.2', 5000)],
  ])('takes %s for a datagram from outside', (_what, arrived, receiver) => {
    const sent = new SentDatagrams()
    sent.add(HERE, THERE, datagram('x'), 1)

    expect(sent.originOf(arrived, receiver)).toBe(null)
  })

  it('finds one that was truncated', () => {
    const sent = new SentDatagrams()
    sent.add(HERE, THERE, datagram('long'), 1)

    expect(sent.originOf(datagram('lo', HERE, true), THERE)).toBe(1)
  })

  it.each(['224.0.0.1', '255.255.255.255'])('finds one that was sent to %s', (host) => {
    const sent = new SentDatagrams()
    sent.add(HERE, new Address(host, 5000), datagram('x'), 1)

    expect([1, 2].map(() => sent.originOf(datagram('x'), THERE))).toEqual([1, 1])
  })

  it('remembers a megabyte', () => {
    const sent = new SentDatagrams()
    const data = Buffer.alloc(60_000)
    for (let i = 0; i < 20; i++) {
      data[0] = i
      sent.add(HERE, THERE, { data, to: THERE }, i)
    }
    const arrived = (i: number) => {
      data[0] = i
      return sent.originOf({ data, from: HERE, truncated: false }, THERE)
    }

    expect([0, 2, 3, 19].map(arrived)).toEqual([null, null, 3, 19])
  })
})
