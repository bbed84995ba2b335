// The pipes of a program: what no program of the system does on demand.
import { expect, it } from 'vitest'
import { Collector, Feeder } from '../../../packages/net/src/process/collector.js'
import { silentSocket } from '../world.js'

it('a pipe that fails has ended, with what came before', () => {
  const answers: (Buffer | null)[] = [Buffer.from('some')]
  const socket = silentSocket(() => {})
  socket.read = () => {
    const answer = answers.shift()
    if (answer === undefined) throw new Error('EIO')
    return answer
  }
  let collected = 0
  const collector = new Collector(socket, 100, { collected: () => collected++ })

  collector.ready()
  collector.ready()

  expect([collector.ended, collector.exceeded, collected]).toEqual([true, false, 1])
  expect(`${collector.take()}`).toBe('some')
})

it('a program that reads slowly is given the rest when it has read some', () => {
  const takes = [2, 0, 3]
  const given: string[] = []
  let ends = 0
  const socket = silentSocket(() => {})
  socket.write = (bytes) => {
    const taken = Math.min(takes.shift() ?? 0, bytes.length)
    given.push(`${Buffer.from(bytes.subarray(0, taken))}`)
    return taken
  }
  socket.shutdown = () => ends++
  const feeder = new Feeder(socket, Buffer.from('abcde'))

  for (let i = 0; i < 3; i++) feeder.ready()

  expect([given, ends]).toEqual([['ab', '', 'cde'], 1])
})
