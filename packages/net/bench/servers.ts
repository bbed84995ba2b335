// The servers that are compared, each a process of its own, and what they can be asked.
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type DriverName, driverNamed } from '@bluelet/net'
import { nextMessage, startNode, stop } from './processes.js'

/** What the others are compared with. */
export const BASELINE = 'callbacks'

/** The name of each server, its file, and for one of ours its driver. */
export const servers: readonly (readonly [string, string, DriverName?])[] = [
  ['node, yield', 'bluelet-yield.js', 'node'],
  ['node, yield*', 'bluelet-delegate.js', 'node'],
  ...epollServers(),
  [BASELINE, 'callbacks.js'],
  ['for await', 'for-await.js'],
]

function epollServers(): [string, string, DriverName][] {
  try {
    driverNamed('epoll')
  } catch (error) {
    console.log(`left out: ${(error as Error).message}`)
    return []
  }
  return [
    ['epoll, yield', 'bluelet-yield.js', 'epoll'],
    ['epoll, yield*', 'bluelet-delegate.js', 'epoll'],
  ]
}

/** A server that runs. */
export interface RunningServer {
  readonly name: string
  readonly port: number
  /** The CPU time, user and system, that it has taken so far, in microseconds. */
  cpu(): Promise<number>
  /** Its resident memory after a garbage collection, in bytes. */
  memory(): Promise<number>
  stop(): Promise<void>
}

export async function startServer(
  name: string,
  file: string,
  driver: DriverName | undefined,
  core: number | null,
  flags: readonly string[] = [],
): Promise<RunningServer> {
  const child = startNode(
    fileURLToPath(new URL(`servers/${file}`, import.meta.url)),
    driver === undefined ? [] : [driver],
    core,
    flags,
  )
  const { port } = (await nextMessage(child)) as { port: number }
  return {
    name,
    port,
    async cpu() {
      const { user, system } = (await ask(child, 'cpu')) as NodeJS.CpuUsage
      return user + system
    },
    async memory() {
      const { rss } = (await ask(child, 'memory')) as { rss: number }
      return rss
    },
    stop: () => stop(child),
  }
}

function ask(child: ChildProcess, question: string): Promise<unknown> {
  const answer = nextMessage(child)
  child.send(question)
  return answer
}
