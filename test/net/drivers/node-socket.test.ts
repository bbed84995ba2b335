import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { NodeSocket } from '../../../packages/net/src/drivers/node-socket.js'

describe('NodeSocket', () => {
  it('keeps what Node pushes while it is being paused', () => {
    const socket = new net.Socket()
    const made = new NodeSocket(socket)

    for (const text of ['first', 'second', 'third']) socket.emit('data', Buffer.from(text))
    const read = [made.read(100), made.read(100), made.read(100), made.read(100)]

    expect(read.map((chunk) => chunk?.toString())).toEqual(['first', 'second', 'third', undefined])
  })
})
