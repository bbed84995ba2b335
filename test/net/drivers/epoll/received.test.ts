// Memory for what is received.
import { afterEach, expect, it, vi } from 'vitest'
import type { EpollSet } from '../../../../packages/net/src/drivers/epoll/set.js'

const LARGE = 64 * 1024

afterEach(() => {
  vi.restoreAllMocks()
  vi.resetModules()
})

it('makes the C library keep freed memory, once, when a large message has come', async () => {
  vi.resetModules() // The other tests have received large messages.
  const { scratched } = await import('../../../../packages/net/src/drivers/epoll/received.js')
  const { newScratch } = await import('../../../../packages/net/src/drivers/epoll/set.js')
  const set = { scratch: newScratch() } as EpollSet // All that it uses.
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow')
  const blocks = () => allocate.mock.calls.filter(([size]) => size > LARGE)

  scratched(set, LARGE / 4)
  const before = blocks()
  scratched(set, LARGE)
  scratched(set, LARGE)

  expect([before, blocks()]).toEqual([[], [[16 * 1024 * 1024]]])
})
