import net from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { NodeSocket } from '../../../../packages/net/src/drivers/node/socket.js'

describe('NodeSocket', () => {
  it('keeps the bytes that Node pushes while it is being paused', () => {
    const socket = new net.Socket()
    const made = new NodeSocket(socket)

    for (const text of ['first', 'second', 'third']) socket.emit('data', Buffer.from(text))
    const read = [made.read(100), made.read(100), made.read(100), made.read(100)]

    expect(read.join('')).toBe('firstsecondthird')
    expect(read[3]).toBe(null)
  })

  it('gives Node at most 64 KiB of a write at a time, so that progress is visible', () => {
    const socket = new net.Socket()
    const made = new NodeSocket(socket)
    const writes = vi.spyOn(socket, 'write').mockReturnValue(true)

    const taken = made.write(Buffer.alloc(1_000_000))

    expect(taken).toBe(65_536)
    expect(writes.mock.calls.map(([bytes]) => (bytes as Buffer).length)).toEqual([65_536])
  })

  it('gives no bytes once it has been closed, even if its descriptor was freed before', () => {
    const socket = new net.Socket()
    const made = new NodeSocket(socket)
    socket.emit('data', Buffer.from('read ahead'))
    socket.emit('close')

    made.close(true)

    expect(() => made.read(100)).toThrow('the connection is closed')
  })

  it('never gives the filler that stops reading after our end, whatever the size of buffers', () => {
    const socket = new net.Socket({ readableHighWaterMark: 0 } as net.SocketConstructorOpts).pause()
    const made = new NodeSocket(socket)

    made.shutdown()
    for (const text of ['filler', 'first']) socket.emit('data', Buffer.from(text))
    socket.emit('data', Buffer.from('filler'))
    const read = [made.read(100), made.read(100), made.read(100)]
    socket.destroy()

    expect(read.map((chunk) => chunk?.toString())).toEqual(['first', undefined, undefined])
  })
})
