// A web site about blues that answers slowly, and counts its visitors. Part of a crawler:
// `node --import tsx examples/crawler.ts`.

import type { Connection, Listener } from '@bluelet/net'
import { sleep, spawn } from '@bluelet/scheduler'

const latency = Number(process.env.LATENCY ?? 100)

const pages = new Map([
  ['azure', '#f0ffff'],
  ['cobalt', '#0047ab'],
  ['indigo', '#4b0082'],
  ['navy', '#000080'],
  ['teal', '#008080'],
])

export const names: readonly string[] = [...pages.keys()]

/** The number of visitors now, and the maximum so far. */
export const visitors = { now: 0, most: 0 }

export function* serve(listener: Listener) {
  try {
    while (true) yield* spawn(visitor, yield* listener.accept())
  } finally {
    listener.close()
  }
}

function* visitor(conn: Connection) {
  visitors.now++
  visitors.most = Math.max(visitors.most, visitors.now)
  try {
    const head = yield* conn.readuntil('\r\n\r\n')
    const [, name = ''] = /^GET \/(\w+) /.exec(head.toString()) ?? []
    yield* sleep(latency)
    const page = pages.get(name) ?? 'no such blue'
    const status = pages.has(name) ? '200 OK' : '404 Not Found'
    yield* conn.sendall(
      `HTTP/1.1 ${status}\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`,
    )
  } finally {
    visitors.now--
    conn.close()
  }
}
