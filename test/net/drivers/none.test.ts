// Where there is no Node: every operation fails, and says what to do.
import { ConnectError, connect, listen } from '@bluelet/net'
import { describe, expect, it } from 'vitest'
import { driverNamed, nodeDriver as none, realDriver } from '../../../packages/net/src/drivers/none.js'
import { play, rejection } from '../world.js'

describe('what takes the place of the node driver', () => {
  it('says at a connect what to do', async () => {
    const error = await rejection(
      play(function* () {
        yield* connect('example.invalid', 80, { driver: none })
      }),
    )

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toMatch(
      /^connect\('example\.invalid', 80\) failed: there are no sockets here; .*Simulation/,
    )
  })

  it('says at a listen what to do', async () => {
    const error = await rejection(
      play(function* () {
        yield* listen('', 0, { driver: none })
      }),
    )

    expect(error.message).toMatch(/^there are no sockets here/)
  })

  it('says at its own connect what to do', () => {
    const trial = () => none.connect('127.0.0.1', 80)

    expect(trial).toThrow(/^there are no sockets here/)
  })

  it('may be told to give up a listen', () => {
    const giveUp = none.listen({ host: '', port: 0, backlog: 1 }, () => {})

    expect(giveUp).not.toThrow()
  })

  it('is what serves where none was chosen', () => {
    expect(realDriver()).toBe(none)
  })

  it('says by any name that there is none, and what to do', () => {
    expect(() => driverNamed('epoll')).toThrow(
      /^the driver 'epoll' is not available here: there are no sockets here; .*Simulation/,
    )
  })
})
