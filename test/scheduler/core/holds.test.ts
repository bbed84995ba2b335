import { describe, expect, it } from 'vitest'
import { Holds } from '../../../packages/scheduler/src/core/holds.js'

describe('Holds', () => {
  it('counts all references, and those that the world outside the host can end', () => {
    const holds = new Holds(['socket'])

    for (const source of ['socket', 'promise', undefined, 'socket']) holds.add(source)

    expect([holds.size, holds.outside]).toEqual([4, 2])
  })

  it('counts down in the same way', () => {
    const holds = new Holds(['socket'])
    for (const source of ['socket', 'promise', undefined]) holds.add(source)

    holds.remove('promise')
    const without = [holds.size, holds.outside]
    holds.remove('socket')
    holds.remove(undefined)

    expect([without, holds.size, holds.outside]).toEqual([[2, 1], 0, 0])
  })

  it('counts all of them as the outside on a host that simulates nothing', () => {
    const holds = new Holds([])

    holds.add('socket')

    expect([holds.size, holds.outside]).toEqual([1, 1])
  })
})
