import type { Host } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { HostTimer } from '../../../packages/scheduler/src/host/host-timer.js'

/** A host that records the requests for timers; a timer is its own deadline. */
class RecordingHost implements Host {
  readonly log: string[] = []
  /** Makes the most recently requested call. */
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

describe('HostTimer', () => {
  it('requests a call at the earliest time, and not again for the same or a later one', () => {
    const host = new RecordingHost()
    const alarm = new HostTimer(host, () => {})

    for (const deadline of [20, 20, 30, 10]) alarm.set(deadline)

    expect(host.log).toEqual(['at 20', 'cancel 20', 'at 10'])
  })

  it('requests any time after it has fired', () => {
    const host = new RecordingHost()
    const alarm = new HostTimer(host, () => host.log.push('ring'))

    alarm.set(10)
    host.call()
    alarm.set(20)

    expect(host.log).toEqual(['at 10', 'ring', 'at 20'])
  })

  it('cancels its request once, and can be set for a later time', () => {
    const host = new RecordingHost()
    const alarm = new HostTimer(host, () => {})

    alarm.clear()
    alarm.set(10)
    alarm.clear()
    alarm.clear()
    alarm.set(20)

    expect(host.log).toEqual(['at 10', 'cancel 10', 'at 20'])
  })
})
