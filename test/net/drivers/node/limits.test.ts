// The limits of the process.
import { readFileSync } from 'node:fs'
import { nodeDriver } from '@bluelet/net/driver'
import { afterEach, describe, expect, it, vi } from 'vitest'

/** The result of `descriptorLimit` where the system gives this answer. */
async function limitWhere(read: () => string): Promise<number[]> {
  vi.resetModules()
  const reads = vi.fn(read)
  vi.doMock('node:fs', () => ({ readFileSync: reads }))
  const { descriptorLimit } = await import('../../../../packages/net/src/drivers/node/limits.js')
  return [descriptorLimit(), descriptorLimit(), reads.mock.calls.length]
}

afterEach(() => {
  vi.doUnmock('node:fs')
  vi.resetModules()
})

describe('descriptorLimit', () => {
  const line = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units
Max processes             63432                63432                processes
Max open files            ${soft.padEnd(20)} 1048576              files
Max locked memory         8388608              8388608              bytes
`

  it.each([
    ['64', 64],
    ['1024', 1024],
    ['1048576', 1_048_576],
    ['unlimited', Number.POSITIVE_INFINITY],
  ])('is the soft limit of open files, read once: %s', async (soft, expected) => {
    expect(await limitWhere(() => line(soft))).toEqual([expected, expected, 1])
  })

  it.each([
    ['says nothing of it', () => 'Max processes 1 2 processes'],
    [
      'has no such file',
      () => {
        throw new Error('ENOENT')
      },
    ],
  ])('is unknown where the system %s', async (_name, read) => {
    const none = Number.POSITIVE_INFINITY

    expect(await limitWhere(read)).toEqual([none, none, 1])
  })

  it.runIf(process.platform === 'linux')('is what the driver reports', () => {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []

    expect(nodeDriver.maxDescriptors).toBe(Number(soft))
  })
})
