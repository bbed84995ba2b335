import type { Host } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { Alarm } from '../../../packages/scheduler/src/host/host-timer.js'

/** A host that writes down what it is asked for; a timer is its own deadline. */
class Asked implements Host {
  readonly log: string[] = []
  /** Calls what was asked for last. */
  call: () => void = () => {}

  at(deadline: number, callback: () => void): unknown {
    this.log.push(`at ${deadline}`)
    this.call = callback
    return deadline
  }

  cancel(timer: unknown): void {
    this.log.push(`cancel ${timer}`)
  }

  now(): number {
    return 0
  }

  soon(): void {}

  report(): void {}
}

describe('Alarm', () => {
  it('asks for the earliest time, and not again for that or a later one', () => {
    const host = new Asked()
    const alarm = new Alarm(host, () => {})

    for (const deadline of [20, 20, 30, 10]) alarm.set(deadline)

    expect(host.log).toEqual(['at 20', 'cancel 20', 'at 10'])
  })

  it('asks for any time once it has rung', () => {
    const host = new Asked()
    const alarm = new Alarm(host, () => host.log.push('ring'))

    alarm.set(10)
    host.call()
    alarm.set(20)

    expect(host.log).toEqual(['at 10', 'ring', 'at 20'])
  })

  it('takes back what it has asked for, once, and can be set for a later time', () => {
    const host = new Asked()
    const alarm = new Alarm(host, () => {})

    alarm.clear()
    alarm.set(10)
    alarm.clear()
    alarm.clear()
    alarm.set(20)

    expect(host.log).toEqual(['at 10', 'cancel 10', 'at 20'])
  })
})
