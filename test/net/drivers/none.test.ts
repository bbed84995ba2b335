// Without Node every operation fails, and says what to do.
import { ConnectError, connect, ListenError, listen, udp } from '@bluelet/net'
import { pause, race } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import {
  driverNamed,
  nodeDriver as none,
  realDriver,
  signalSource,
  startChild,
} from '../../../packages/net/src/drivers/none.js'
import { play, rejection } from '../world.js'

describe('the driver for environments without Node', () => {
  it('says what to do at a connect', async () => {
    const error = await rejection(
      play(function* () {
        yield* connect('example.invalid', 80, { driver: none })
      }),
    )

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.code).toBe('ERR_BLUELET_CONNECT')
    expect(error.message).toMatch(
      /^connect\('example\.invalid', 80\) failed: there are no sockets here; .*Simulation/,
    )
  })

  it('says what to do at a listen', async () => {
    const error = await rejection(
      play(function* () {
        yield* listen('', 0, { driver: none })
      }),
    )

    expect(error).toBeInstanceOf(ListenError)
    expect(error.code).toBe('ERR_BLUELET_LISTEN')
    expect(error.message).toMatch(
      /^cannot listen on port 0 of every address: there are no sockets here; .*Simulation/,
    )
  })

  it('says what to do at a socket for datagrams, whose opening can be abandoned', async () => {
    const error = await rejection(
      play(function* () {
        yield* race([udp({ driver: none }), pause()])
        yield* udp({ driver: none })
      }),
    )

    expect(error).toBeInstanceOf(ListenError)
    expect(error.message).toMatch(
      /^cannot listen on port 0 of every address: there are no sockets here; .*Simulation/,
    )
  })

  it('says what to do at its own connect', () => {
    const trial = () => none.connect({ host: '127.0.0.1', port: 80 })

    expect(trial).toThrow(/^there are no sockets here/)
  })

  it('allows a listen to be abandoned', () => {
    const giveUp = none.listen({ host: '', port: 0, backlog: 1 }, () => {})

    expect(giveUp).not.toThrow()
  })

  it('is the default', () => {
    expect(realDriver()).toBe(none)
  })

  it('throws for every name, and says what to do', () => {
    expect(() => driverNamed('epoll')).toThrow(
      /^the driver 'epoll' is not available here: there are no sockets here; .*Simulation/,
    )
  })

  it('starts no process, and says where one can be started', () => {
    const target = { file: 'x', args: [], cwd: undefined, env: undefined, group: true } as const
    const streams = ['ignore', 'ignore', 'ignore'] as const

    expect(() => startChild({ ...target, streams }, { failed() {}, exited() {} })).toThrow(
      /^there are no processes here: programs can be run on Node only/,
    )
  })
})

describe('the signals of environments without Node', () => {
  it('are an error that says where there are some', () => {
    const release = signalSource.hold()

    expect(() => signalSource.assertAvailable()).toThrow(
      'signals: there are no signals here; a process of Node receives them',
    )
    expect(signalSource.refusal('SIGHUP')).toBe(undefined)
    expect(signalSource.listen('SIGHUP', () => {})).not.toThrow()
    expect(release).not.toThrow()
  })
})
