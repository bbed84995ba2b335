// A coroutine that fetches a page with HTTP/1.1. Part of a crawler: `node --import tsx examples/crawler.ts`.

import { connect } from '@bluelet/net'
import type { Coroutine } from '@bluelet/scheduler'

export function* fetchPage(url: string): Coroutine<string> {
  const { hostname, port, host, pathname, search } = new URL(url)
  const conn = yield* connect(hostname, Number(port || 80))
  try {
    yield* conn.sendall(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    const head = yield* conn.readuntil('\r\n\r\n')
    const [status = ''] = head.toString().split('\r\n')
    if (!status.startsWith('HTTP/1.1 200 ')) throw new Error(`${url}: ${status}`)
    const page = yield* conn.readall()
    return page.toString()
  } finally {
    conn.close()
  }
}
