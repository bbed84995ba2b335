// The descriptors that a service manager has passed on, by the variables that name them.
import { listenFds } from '@bluelet/net'
import { afterEach, describe, expect, it, vi } from 'vitest'

const NAMES = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'] as const

/**
 * Sets the variables, calls `listenFds` twice, and gives both results and what is left of the
 * variables.
 */
function called(variables: Partial<Record<(typeof NAMES)[number], string>>) {
  Object.assign(process.env, variables)
  return { first: listenFds(), second: listenFds(), left: NAMES.filter((name) => name in process.env) }
}

afterEach(() => {
  for (const name of NAMES) delete process.env[name]
})

describe('listenFds', () => {
  const mine = { LISTEN_PID: `${process.pid}` }

  it('gives each descriptor with its name, once, and deletes the variables', () => {
    const { first, second, left } = called({ ...mine, LISTEN_FDS: '2', LISTEN_FDNAMES: 'http:admin' })

    expect(first).toEqual([
      { fd: 3, name: 'http' },
      { fd: 4, name: 'admin' },
    ])
    expect(second).toEqual([])
    expect(left).toEqual([])
  })

  it.each([undefined, '', ':'])('calls a descriptor without a name unknown: %j', (names) => {
    const { first } = called({
      ...mine,
      LISTEN_FDS: '1',
      ...(names === undefined ? {} : { LISTEN_FDNAMES: names }),
    })

    expect(first).toEqual([{ fd: 3, name: 'unknown' }])
  })

  it('gives none that were meant for another process, and deletes its variables', () => {
    const { first, left } = called({ LISTEN_PID: `${process.pid + 1}`, LISTEN_FDS: '1' })

    expect(first).toEqual([])
    expect(left).toEqual([])
  })

  it.each(['0', '', '-1', '1.5', 'x', '1e9', undefined])('gives none if their number is %j', (count) => {
    const { first } = called({ ...mine, ...(count === undefined ? {} : { LISTEN_FDS: count }) })

    expect(first).toEqual([])
  })

  it('gives none without variables, and none where there is no process', () => {
    const before = listenFds()
    vi.stubGlobal('process', undefined)
    try {
      expect([before, listenFds()]).toEqual([[], []])
    } finally {
      vi.unstubAllGlobals()
    }
  })
})
