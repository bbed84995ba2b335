import { type Coroutine, join, kill, Scheduler, sleep, spawn, type Task } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { devtools } from '@bluelet/scheduler/trace'
import { afterEach, describe, expect, it, vi } from 'vitest'

/** What the panel would show: `track: label from-to color`. */
function panel(): string[] {
  const entries: string[] = []
  const timeStamp = (
    label: string,
    start: number,
    end: number,
    track: string,
    group: string,
    color: string,
  ) => entries.push(`${group}/${track}: ${label} ${start}-${end} ${color}`)
  vi.stubGlobal('console', { ...console, timeStamp })
  return entries
}

function* child(): Coroutine<void> {
  yield* sleep(5)
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('devtools', () => {
  it('writes a track for each task: when it was ready, ran and waited, and why', async () => {
    const entries = panel()
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: false })

    devtools(scheduler)
    await scheduler.run(function* main() {
      const task: Task = yield* spawn(child)
      yield* join(task)
    })

    expect(entries.filter((entry) => entry.includes('/child#2:'))).toEqual([
      'Bluelet/child#2: ready 0-0 tertiary-light',
      'Bluelet/child#2: sleep(5) (spawned by main#1) 0-0 primary',
      'Bluelet/child#2: sleep(5) 0-5 secondary-light',
      'Bluelet/child#2: ready 5-5 tertiary-light',
      'Bluelet/child#2: ends 5-5 primary',
    ])
    expect(entries).toContain('Bluelet/main#1: spawn(child) (spawned from outside) 0-0 primary')
    expect(entries.at(-1)).toBe('Bluelet/main#1: ends 5-5 primary')
  })

  it('says what woke a task, and how it failed', async () => {
    const entries = panel()
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: false })

    const stop = devtools(scheduler, 'mine')
    const ends = scheduler.run(function* main() {
      const task: Task = yield* spawn(child)
      yield* sleep(1)
      yield* kill(task)
      try {
        yield 7 as never
      } catch {}
      yield Promise.resolve()
      throw new Error('x')
    })

    await expect(ends).rejects.toThrow('x')
    expect(entries).toContain('mine/child#2: killed 1-1 primary')
    expect(entries).toContain('mine/main#1: kill(child#2) (its time was over) 1-1 primary')
    expect(entries).toContain('mine/main#1: an invalid yield (woken by child#2) 1-1 primary')
    expect(entries.at(-1)).toBe('mine/main#1: Error 1-1 error'.replace('Error', 'threw'))
    stop()
  })

  it('shows nothing of what began before', async () => {
    const entries = panel()
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: false })

    await scheduler.run(function* main() {
      yield* spawn(child)
      devtools(scheduler)
      yield* sleep(1)
    })

    expect(entries).toContain('Bluelet/main#1: sleep(1) 0-1 secondary-light')
    expect(entries[0]).toBe('Bluelet/child#2: sleep(5) 0-0 primary')
  })

  it('does nothing where the console cannot show it', async () => {
    vi.stubGlobal('console', { ...console, timeStamp: undefined })
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: false })

    devtools(scheduler)

    await expect(scheduler.run(child)).resolves.toBe(undefined)
  })
})
