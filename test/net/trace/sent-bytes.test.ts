// Which write each byte of a stream came from.
import { describe, expect, it } from 'vitest'
import { SentBytes } from '../../../packages/net/src/trace/sent-bytes.js'

function write(sent: SentBytes, bytes: number, event: number, epoch = 1): void {
  sent.total += bytes
  sent.add(bytes, event, epoch)
}

describe('SentBytes', () => {
  it('gives the event of the last byte that was read', () => {
    const sent = new SentBytes()
    write(sent, 3, 10)
    write(sent, 3, 11)
    write(sent, 3, 12)

    expect([2, 3, 5, 9].map((offset) => sent.originOf(offset, 1))).toEqual([10, 10, 11, 12])
  })

  it('gives null for what was written before the recording, in another one, or never', () => {
    const sent = new SentBytes()
    write(sent, 3, 10, 1)
    sent.total += 2
    write(sent, 3, 11, 2)

    expect([3, 5, 6, 8, 9].map((offset) => sent.originOf(offset, 2))).toEqual([null, null, 11, 11, null])
    expect(sent.originOf(3, 1)).toBe(null)
  })

  it('forgets what was passed, however much is written', () => {
    const sent = new SentBytes()
    write(sent, 1, 0)
    const origins: (number | null)[] = []
    for (let i = 1; i <= 1000; i++) {
      write(sent, 1, i) // One is always on its way.
      origins.push(sent.originOf(i, 1))
    }

    expect(origins).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  })
})
