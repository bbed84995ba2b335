// The leak oracle: after each test the process holds no more sockets and no more active resources
// than before it, and every run has ended.
import { readdirSync, readlinkSync } from 'node:fs'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import { afterEach, beforeEach } from 'vitest'
import { reached } from './deadline.js'
import { destroyPeers } from './peer.js'

/** How long descriptors may take to go: the kernel is quick, a busy machine is not. */
const PATIENCE_MS = 20_000

/** Checks every test of the file that calls it, and ends what is left of the raw peers first. */
export function leavesNothingOpen(): void {
  let before = openNow()

  beforeEach(() => {
    before = openNow()
  })

  afterEach(async () => {
    destroyPeers()

    await reached(() => surplus(before).length === 0, PATIENCE_MS)
    const left = surplus(before)
    if (left.length > 0) throw new Error(`left open by this test: ${left.join(', ')}`)
  })
}

/** How many runs are under way on the real host or a virtual one. */
let runs = 0
/** Whether they are counted: test files that share a process share this. */
let counting = false

/** Checks that every run has ended, and so every task: a run does not end before its tasks. */
export function leavesNoRun(): void {
  if (!counting) countRuns()
  counting = true

  beforeEach(() => {
    runs = 0
  })

  afterEach(async () => {
    await reached(() => runs <= 0, PATIENCE_MS)
    if (runs > 0) throw new Error(`left running by this test: ${runs} runs`)
  })
}

function countRuns(): void {
  const { onIdle } = defaultHost
  // Every run asks for this when it begins, and takes it back when it ends.
  defaultHost.onIdle = (callback) => {
    runs++
    const takeBack = onIdle?.call(defaultHost, callback)
    return () => {
      runs--
      takeBack?.()
    }
  }
}

/** How many sockets this process holds; 0 where there is no /proc. */
export function openSockets(): number {
  let names: string[]
  try {
    names = readdirSync('/proc/self/fd')
  } catch {
    return 0
  }
  return names.filter(isSocket).length
}

function isSocket(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
  } catch {
    return false // The descriptor of the listing itself.
  }
}

function openNow(): string[] {
  const sockets = Array.from({ length: openSockets() }, () => 'socket')
  // The test runner's own timers come and go.
  return [...process.getActiveResourcesInfo().filter((what) => what !== 'Timeout'), ...sockets]
}

function surplus(before: readonly string[]): string[] {
  const rest = [...before]
  return openNow().filter((what) => {
    const at = rest.indexOf(what)
    if (at !== -1) rest.splice(at, 1)
    return at === -1
  })
}
