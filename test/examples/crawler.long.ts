// examples/crawler.ts as a process, which starts threads and processes.
import { listen } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { kill, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { fetchPage } from '../../examples/crawler/page.js'
import { serve } from '../../examples/crawler/site.js'
import { leavesNothingRunning, startTypeScript } from '../support/program.js'

leavesNothingRunning()

/** The example and its modules, each of which runs in it. */
const parts = ['examples/crawler.ts', 'examples/crawler/site.ts', 'examples/crawler/page.ts']

describe(parts.join(', '), { timeout: 60_000 }, () => {
  it('fetches the same pages in four ways, with coroutines all at once', async () => {
    // A site so slow that even a busy machine sends five requests before its first answer.
    const crawler = startTypeScript('examples/crawler.ts', { LATENCY: '150' })

    const exit = await crawler.ended(30_000)

    const lines = crawler.stdout
      .trimEnd()
      .split('\n')
      .map((line) => /^(.+?) +\d+\.\d\d s, (\d) at once: (.+)$/.exec(line)?.slice(1) ?? [line])
    const pages = '#f0ffff #0047ab #4b0082 #000080 #008080'
    expect({ ...exit, stderr: crawler.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(lines).toEqual([
      ['one after another', '1', pages],
      ['worker threads', expect.stringMatching(/[1-5]/), pages],
      ['child processes', expect.stringMatching(/[1-5]/), pages],
      ['coroutines', '5', pages],
    ])
  })
})

describe('the site of the crawler', () => {
  it.each(['white', 'constructor', '__proto__', 'navy?shade=dark'])(
    'does not have the page /%s',
    async (name) => {
      const fetched = simulate(function* () {
        const listener = yield* listen('127.0.0.1', 0)
        const site = yield* spawn(serve, listener)
        const page = yield* fetchPage(`http://${listener.address}/${name}`)
        yield* kill(site)
        return page
      })

      await expect(fetched).rejects.toThrow(`/${name}: HTTP/1.1 404 Not Found`)
    },
  )
})
