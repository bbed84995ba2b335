import { nodeDriver } from '@bluelet/net/driver'
import { Simulation } from '@bluelet/net/testing'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { driverOf } from '../../../packages/net/src/drivers/select.js'

describe('driverOf', () => {
  it('is the driver of a host that brings one', () => {
    const world = new Simulation()

    expect(driverOf(world, undefined)).toBe(world.network)
  })

  it('is the real one for every other host', () => {
    expect(driverOf(defaultHost, 'node')).toBe(nodeDriver)
  })
})
