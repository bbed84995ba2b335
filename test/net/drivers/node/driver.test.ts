import { type DriverListener, nodeDriver } from '@bluelet/net/driver'
import { describe, expect, it } from 'vitest'
import { realSuites } from '../real-suites.js'

realSuites(nodeDriver)

describe('nodeDriver', () => {
  it('has a name', () => {
    expect(nodeDriver.name).toBe('node')
  })

  it('passes on an error that the resolver throws at once', async () => {
    const error = await new Promise((resolve) => {
      // Some versions of Node also throw for an impossible name.
      nodeDriver.lookup(5 as unknown as string, resolve)
    })

    expect(error).toBeInstanceOf(TypeError)
  })

  it('listens on every address, IPv4 and IPv6, when the host is empty', async () => {
    const listener = await new Promise<DriverListener>((resolve, reject) => {
      nodeDriver.listen({ host: '', port: 0, backlog: 1 }, (error, made) => {
        if (made === null) reject(error)
        else resolve(made)
      })
    })

    const host = listener.address.host

    expect(['::', '0.0.0.0']).toContain(host)
    listener.close()
  })
})
