// The options of a listener that depend on the version of Node.
import net from 'node:net'
import type { DriverListener } from '@bluelet/net/driver'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LOOPBACK } from '../../world.js'

const OWN = process.versions.node

afterEach(() => {
  as(OWN)
  vi.resetModules()
  vi.restoreAllMocks()
})

/** Pretends to run on another version of Node. */
function as(version: string): void {
  Object.defineProperty(process.versions, 'node', { value: version, configurable: true, enumerable: true })
}

/** The result of listening with reusePort on that version. */
async function reusingPort(version: string): Promise<{ error: any; listener: DriverListener | null }> {
  as(version)
  vi.resetModules()
  const { NodeListener } = await import('../../../../packages/net/src/drivers/node/listener.js')
  return new Promise((resolve) => {
    const target = { host: LOOPBACK, port: 0, backlog: 1, reusePort: true }
    new NodeListener(target, (error, listener) => resolve({ error, listener }))
  })
}

describe('reusePort', () => {
  it.each(['20.19.0', '22.11.9', '21.7.3', '23.0.0', '18.20.0'])(
    'is an error on Node %s, which would ignore it',
    async (version) => {
      const { error, listener } = await reusingPort(version)

      expect(listener).toBeNull()
      expect(error.name).toBe('ListenError')
      expect(error.code).toBe('ENOTSUP')
    },
  )

  it.each(['22.12.0', '22.20.1', '23.1.0', '24.0.0', '26.0.0'])(
    'is passed on to Node %s',
    async (version) => {
      // The version that runs the test may or may not support it.
      const listen = vi.spyOn(net.Server.prototype, 'listen')

      const { listener } = await reusingPort(version)
      listener?.close()

      expect(listen).toHaveBeenCalledWith(expect.objectContaining({ reusePort: true }))
    },
  )

  const [major = 0, minor = 0] = OWN.split('.').map(Number)
  const reuses = process.platform === 'linux' && (major > 23 || (major === 22 && minor >= 12))
  it.runIf(reuses)(
    'lets two listeners share a port (skipped before Node 22.12, and where it is not Linux)',
    async () => {
      const first = await reusingPort(OWN)
      const { NodeListener } = await import('../../../../packages/net/src/drivers/node/listener.js')

      const second = await new Promise<DriverListener | null>((resolve) => {
        const { port } = first.listener!.address
        const target = { host: LOOPBACK, port, backlog: 1, reusePort: true }
        new NodeListener(target, (_error, listener) => resolve(listener))
      })

      expect(second?.address.port).toBe(first.listener?.address.port)
      first.listener?.close()
      second?.close()
    },
  )
})
