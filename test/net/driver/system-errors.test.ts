import { ConnectionResetError, ListenError } from '@bluelet/net'
import { describe, expect, it } from 'vitest'
import { listenErrorOf, resetOf, systemError } from '../../../packages/net/src/driver/system-errors.js'

const here = { host: '127.0.0.1', port: 80, backlog: 1 }

describe('systemError', () => {
  it('looks like an error of the system', () => {
    const error = systemError('ECONNREFUSED', 'connect')

    expect(error).toMatchObject({ message: 'connect ECONNREFUSED', code: 'ECONNREFUSED', syscall: 'connect' })
  })
})

describe('resetOf', () => {
  it.each(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_DESTROYED', 'ERR_SOCKET_CLOSED', 'ENOTCONN'])(
    'makes a ConnectionResetError of %s',
    (code) => {
      const cause = systemError(code, 'read')

      const error = resetOf(cause)

      expect(error).toBeInstanceOf(ConnectionResetError)
      expect(error).toMatchObject({ message: `the peer has disconnected (${code})`, code, cause })
    },
  )

  it.each(['ETIMEDOUT', 'ENOBUFS', 'EIO'])('leaves %s unchanged', (code) => {
    const error = systemError(code, 'read')

    expect(resetOf(error)).toBe(error)
  })
})

describe('resetOf an error without a code', () => {
  it('is that error', () => {
    const error = new Error('no luck')

    expect(resetOf(error)).toBe(error)
  })
})

describe('listenErrorOf', () => {
  it.each([
    ['EADDRINUSE', 'the port is in use; stop the other program, choose another port, or 0 for any free port'],
    ['EACCES', 'this port needs privileges; choose one above 1023'],
    ['EADDRNOTAVAIL', 'this machine does not have that address'],
    ['ENOTFOUND', 'the host does not exist'],
    ['EMFILE', 'listen EMFILE'],
  ])('says what to do about %s', (code, hint) => {
    const cause = systemError(code, 'listen')

    const error = listenErrorOf(cause, here)

    expect(error).toBeInstanceOf(ListenError)
    expect(error).toMatchObject({ message: `cannot listen on 127.0.0.1:80: ${hint} (${code})`, code, cause })
  })

  it('has a stable code if the system has none', () => {
    const cause = new Error('no luck')

    expect(listenErrorOf(cause, here)).toMatchObject({
      message: 'cannot listen on 127.0.0.1:80: no luck',
      code: 'ERR_BLUELET_LISTEN',
      cause,
    })
  })

  it('names every address as such', () => {
    const error = listenErrorOf(systemError('EACCES', 'listen'), { ...here, host: '' })

    expect(error.message).toContain('cannot listen on port 80 of every address: ')
  })
})
