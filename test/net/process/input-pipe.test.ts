// The input of a process: what no program of the system does on demand.
import { expect, it } from 'vitest'
import { InputPipe } from '../../../packages/net/src/process/input-pipe.js'
import { silentSocket } from '../world.js'

it('an input gives nothing to read, and is what the driver has until the process has ended', () => {
  const closes: boolean[] = []
  const told: number[] = []
  const socket = { ...silentSocket((linger) => closes.push(linger)), unsent: 3, write: () => 5 }
  const pipe = new InputPipe(socket)
  pipe.observer = { ready: (what) => told.push(what) }

  const before = [pipe.read(), pipe.write(Buffer.alloc(9)), pipe.unsent]
  pipe.ready(2)
  pipe.end()
  pipe.close(true)
  pipe.reset()

  expect(before).toEqual([null, 5, 3])
  expect([told, closes, pipe.unsent]).toEqual([[2, 4], [false, true, false], 0])
  expect(() => pipe.write(Buffer.alloc(9))).toThrow('the process has ended, and reads no more (EPIPE)')
})
