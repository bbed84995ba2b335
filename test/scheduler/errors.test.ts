// Every error class says what it is by a code that stays the same.

import { inspect } from 'node:util'
import {
  AbandonedError,
  Cancelled,
  ClosedError,
  DeadlockError,
  KilledError,
  TimeoutError,
} from '@bluelet/scheduler'
import { ScheduleError } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'

describe.each([
  ['AbandonedError', 'ERR_BLUELET_ABANDONED', new AbandonedError('what happened')],
  ['Cancelled', 'ERR_BLUELET_CANCELLED', new Cancelled('what happened')],
  ['ClosedError', 'ERR_BLUELET_CLOSED', new ClosedError('what happened')],
  ['DeadlockError', 'ERR_BLUELET_DEADLOCK', new DeadlockError('what happened', [])],
  ['KilledError', 'ERR_BLUELET_KILLED', new KilledError('what happened')],
  ['ScheduleError', 'ERR_BLUELET_SCHEDULE', new ScheduleError('what happened', '0', {})],
  ['TimeoutError', 'ERR_BLUELET_TIMEOUT', new TimeoutError('what happened')],
])('%s', (name, code, error) => {
  it('has a name and a code', () => {
    expect(error).toMatchObject({ name, code, message: 'what happened' })
    expect(String(error)).toBe(`${name}: what happened`)
  })

  it('is printed with its name and its stack', () => {
    expect(inspect(error)).toMatch(new RegExp(`^${name}: what happened\\n    at `))
  })

  it('can be given another name, as a class that extends it does', () => {
    const named = Object.create(error) as Error
    named.name = 'Own'

    expect([named.name, error.name, Object.keys(error).includes('name')]).toEqual(['Own', name, false])
  })
})
