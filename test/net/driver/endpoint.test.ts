// Where listeners and connections are: every form of an endpoint, and every error in one.
import { Address, connect, listen, server } from '@bluelet/net'
import { describe, expect, it } from 'vitest'
import { endpointOf, shownEndpoint } from '../../../packages/net/src/driver/endpoint.js'

/** The error that a call throws. */
function errorAt(call: () => unknown): Error {
  try {
    call()
  } catch (error) {
    return error as Error
  }
  throw new Error('expected an error')
}

describe('endpointOf', () => {
  it.each([
    [['localhost', 80, 'rest'], { host: 'localhost', port: 80 }],
    [[{ host: '', port: 0 }, 'rest'], { host: '', port: 0 }],
    [[{ path: '/run/x.sock' }, 'rest'], { path: '/run/x.sock' }],
    [[{ path: '/x', mode: 0o660, replace: true }, 'rest'], { path: '/x', mode: 0o660, replace: true }],
    [[{ path: '@x' }, 'rest'], { path: '@x' }],
    [[{ fd: 3, name: 'http' }, 'rest'], { fd: 3 }],
    [[new Address('::1', 80), 'rest'], { host: '::1', port: 80 }],
    [[new Address('', 0, '/x'), 'rest'], { path: '/x' }],
  ])('splits %j', (args, endpoint) => {
    expect(endpointOf('listen', args)).toEqual({ endpoint, rest: ['rest'] })
  })

  it.each([
    [[], TypeError, 'listen(host, port): expected a host name or address as a string, got undefined'],
    [[null, 80], TypeError, 'listen(host, port): expected a host name or address as a string, got null'],
    [['x', 65_536], RangeError, 'listen(host, port): expected a port from 0 to 65535, got 65536'],
    [[{ host: 'x' }], RangeError, 'listen(host, port): expected a port from 0 to 65535, got undefined'],
    [
      [{ port: 1 }],
      TypeError,
      'listen(host, port): expected a host name or address as a string, got undefined',
    ],
    [[{}], TypeError, 'listen(endpoint): expected { host, port }, { path } or { fd }, got {}'],
    [
      [{ host: 'x', port: 1, path: '/x' }],
      TypeError,
      'listen(endpoint): expected { host, port }, { path } or { fd }, got { host, port, path }',
    ],
    [[{ path: 5 }], TypeError, 'listen({ path }): expected a path as a string, got 5'],
    [[{ path: '' }], TypeError, 'listen({ path }): expected a path, got ""'],
    [[{ path: '@' }], TypeError, 'listen({ path }): expected a path, got "@"'],
    [[{ path: '/a\0b' }], TypeError, 'listen({ path }): a path cannot contain a NUL byte, got "/a\\u0000b"'],
    [
      [{ path: '\0x' }],
      TypeError,
      'listen({ path }): a path cannot contain a NUL byte, got "\\u0000x"; an abstract name is written \'@name\'',
    ],
    [
      [{ path: `/${'ü'.repeat(54)}` }],
      RangeError,
      'listen({ path }): expected a path of at most 107 bytes, got 109; choose a shorter one',
    ],
    [
      [{ path: '/x', mode: 0o1777 }],
      RangeError,
      'listen: mode: expected permissions from 0 to 0o777, got 1023',
    ],
    [
      [{ path: '/x', mode: '660' }],
      RangeError,
      'listen: mode: expected permissions from 0 to 0o777, got "660"',
    ],
    [[{ path: '/x', replace: 1 }], TypeError, 'listen: replace: expected true or false, got 1'],
    [
      [{ path: '@x', mode: 0o660 }],
      RangeError,
      'listen({ path }): mode, replace: an abstract name has no file, so every user can connect to it',
    ],
    [[{ fd: -1 }], RangeError, 'listen({ fd }): expected a descriptor, 0 or more, got -1'],
    [[{ fd: 2 ** 31 }], RangeError, 'listen({ fd }): expected a descriptor, 0 or more, got 2147483648'],
    [[{ fd: '3' }], RangeError, 'listen({ fd }): expected a descriptor, 0 or more, got "3"'],
  ] as const)('refuses %j', (args, kind, message) => {
    const error = errorAt(() => endpointOf('listen', args))

    expect(error).toBeInstanceOf(kind)
    expect(error.message).toBe(message)
  })

  it('accepts a path of 107 bytes', () => {
    expect(endpointOf('listen', [{ path: `/${'ü'.repeat(53)}` }]).endpoint).toHaveProperty('path')
  })
})

describe('an endpoint', () => {
  it('is checked where it is written, in listen, connect and server', () => {
    const wrong = { path: `/${'x'.repeat(107)}` }

    expect(() => void listen(wrong)).toThrow(RangeError)
    expect(() => void connect(wrong)).toThrow(RangeError)
    expect(() => server(wrong, function* () {})).toThrow(RangeError)
    expect(() => server({ path: '/x' }, 5 as never)).toThrow(
      'server(endpoint, handler): expected a function that makes a coroutine, got number',
    )
  })

  it('of a connection is not a descriptor', () => {
    expect(() => void connect({ fd: 3 } as never)).toThrow(
      'connect({ fd }): expected { host, port } or { path }',
    )
  })

  it.each(['noDelay', 'keepAlive', 'ipv6Only', 'reusePort'])('that is a path refuses %s', (name) => {
    const options = { [name]: name === 'keepAlive' ? 1000 : true }

    const message = `listen({ path }): ${name}: a Unix socket does not have it; leave it out`
    expect(() => void listen({ path: '/x' }, options)).toThrow(message)
    expect(() => server({ path: '/x' }, function* () {}, options)).toThrow(message)
  })

  it.each(['noDelay', 'keepAlive'])('that is a path refuses %s in connect', (name) => {
    const options = { [name]: name === 'keepAlive' ? 1000 : true }

    expect(() => void connect({ path: '/x' }, options)).toThrow(RangeError)
  })

  it.each(['backlog', 'ipv6Only', 'reusePort'])('that is a descriptor refuses %s', (name) => {
    const options = { [name]: name === 'backlog' ? 5 : true }

    expect(() => void listen({ fd: 3 }, options)).toThrow(
      `listen({ fd }): ${name}: the program that opened it has set it; leave it out`,
    )
  })

  it('is shown as it is written', () => {
    const shown = [{ host: 'a\nb', port: 1 }, { path: '/run/\x1bx' }, { fd: 3 }].map(shownEndpoint)

    expect(shown).toEqual(["'a\\u{a}b', 1", "{ path: '/run/\\u{1b}x' }", '{ fd: 3 }'])
  })
})
