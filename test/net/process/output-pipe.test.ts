// The output of a process that has ended: what no program of the system does on demand.
import { expect, it } from 'vitest'
import { OutputPipe } from '../../../packages/net/src/process/output-pipe.js'
import { silentSocket } from '../world.js'

/** A socket that gives these chunks, and then fails. */
function giving(chunks: (Buffer | null)[]): ReturnType<typeof silentSocket> {
  const socket = silentSocket(() => {})
  socket.read = () => {
    const chunk = chunks.shift()
    if (chunk === undefined) throw new Error('EIO')
    return chunk
  }
  return socket
}

it('an output that fails has ended, with what came before', () => {
  let ends = 0
  const pipe = new OutputPipe(giving([Buffer.from('some'), null]))

  pipe.takeRest({ pipeEnded: () => ends++ })
  const before = [pipe.ended, ends]
  pipe.ready(1)

  expect([before, pipe.ended, ends]).toEqual([[false, 0], true, 1])
  expect([`${pipe.read(3)}`, `${pipe.read(3)}`, `${pipe.read(3)}`]).toEqual(['som', 'e', ''])
})

it('an output without an end is taken up to a limit, and the rest on demand', () => {
  const chunk = Buffer.alloc(65_536)
  const pipe = new OutputPipe(giving(Array(20).fill(chunk)))

  pipe.takeRest({ pipeEnded() {} })
  let bytes = 0
  for (let part = pipe.read(1e6); part !== null && part.length > 0; part = pipe.read(1e6))
    bytes += part.length

  expect(bytes).toBe(20 * 65_536)
})

it('an output is closed at once, and takes nothing', () => {
  const closes: boolean[] = []
  const pipe = new OutputPipe(silentSocket((linger) => closes.push(linger)))

  pipe.shutdown()
  pipe.close()

  expect([pipe.write(), closes]).toEqual([0, [false]])
})
