import {
  BusyError,
  ConnectError,
  ConnectionResetError,
  IncompleteReadError,
  LimitError,
  ListenError,
  ProcessError,
  StartError,
} from '@bluelet/net'
import { describe, expect, it } from 'vitest'

const cause = Object.assign(new Error('from the system'), { code: 'ECAUSE' })
const outcome = {
  code: 1,
  signal: null,
  stdout: Buffer.from(''),
  stderr: Buffer.from(''),
  complete: true,
}

describe('the error classes', () => {
  it.each([
    ['ConnectionResetError', new ConnectionResetError('m', 'EPIPE', { cause })],
    ['BusyError', new BusyError('m')],
    ['ConnectError', new ConnectError('m', 'ECONNREFUSED', [cause])],
    ['ListenError', new ListenError('m', 'EADDRINUSE', { cause })],
    ['LimitError', new LimitError('m')],
    ['ProcessError', new ProcessError('m', outcome)],
    ['StartError', new StartError('m', 'ENOENT', { cause })],
    ['IncompleteReadError', new IncompleteReadError('m', Buffer.from('part'))],
  ])('%s is an Error that prints its name', (name, error) => {
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe(name)
    expect(`${error}`).toBe(`${name}: m`)
    expect(error.stack).toContain(`${name}: m`)
  })

  it('have a stable code if the system has none', () => {
    const errors = [
      new BusyError('m'),
      new LimitError('m'),
      new IncompleteReadError('m', Buffer.from('')),
      new ProcessError('m', outcome),
      new StartError('m', undefined),
    ]

    expect(errors.map((error) => error.code)).toEqual([
      'ERR_BLUELET_BUSY',
      'ERR_BLUELET_LIMIT',
      'ERR_BLUELET_INCOMPLETE_READ',
      'ERR_BLUELET_PROCESS',
      'ERR_BLUELET_START',
    ])
  })

  it('keep the system error as their cause', () => {
    const errors = [
      new ConnectionResetError('m', 'EPIPE', { cause }),
      new ListenError('m', 'EADDRINUSE', { cause }),
      new ConnectError('m', 'ECONNREFUSED', [new Error('first'), cause]),
    ]

    expect(errors.map((error) => error.cause)).toEqual([cause, cause, cause])
    expect(errors.map((error) => error.code)).toEqual(['EPIPE', 'EADDRINUSE', 'ECONNREFUSED'])
  })
})
