// A listener whose backlog is full and whose connections are never accepted: connecting to it
// hangs, without leaving the loopback interface. It is a process of its own, which has been
// stopped.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { turn } from './deadline.js'

const SOURCE = `
  const { writeSync } = require('node:fs')
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    writeSync(1, String(server.address().port))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
`

/**
 * More connections than a backlog of 1 holds: the kernel takes one or two more than it was asked
 * for.
 */
const FILLERS = 6

export interface Clogged {
  readonly port: number
  close(): Promise<void>
}

export async function cloggedListener(): Promise<Clogged> {
  const child: ChildProcess = spawn(process.execPath, ['-e', SOURCE], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [data] = (await once(child.stdout!, 'data')) as [Buffer]
  const port = Number(data.toString())
  const fillers = Array.from({ length: FILLERS }, () => net.connect({ port, host: '127.0.0.1' }))
  for (const filler of fillers) filler.on('error', () => {})
  // Those for which there is room connect within a turn or two.
  for (let i = 0; i < 50; i++) await turn()
  return {
    port,
    async close() {
      for (const filler of fillers) filler.destroy()
      child.kill('SIGKILL')
      await once(child, 'close')
    },
  }
}
