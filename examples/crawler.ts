// Fetches five pages in four ways and compares the times: one after another, with worker threads, with child processes, and
// with coroutines. The site (crawler/site.ts) is slow, and counts simultaneous visitors. Run it with
// `node --import tsx examples/crawler.ts`; with LATENCY=500 each answer takes 500 milliseconds.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { listen } from '@bluelet/net'
import { all, kill, run, spawn, type Yieldable } from '@bluelet/scheduler'
import { fetchPage } from './crawler/page.js'
import { names, serve, visitors } from './crawler/site.js'

/** Fetches one page, in a thread or a process of its own. */
const script = new URL('crawler/fetch.mjs', import.meta.url)

async function inTurn(urls: string[]) {
  const pages: string[] = []
  for (const url of urls) {
    const [response] = await once(get(url), 'response')
    pages.push(await text(response))
  }
  return pages
}

async function byThread(url: string) {
  const [page] = await once(new Worker(script, { workerData: url, execArgv: [] }), 'message')
  return page
}

async function byProcess(url: string) {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(script), url])
  return stdout
}

const ways: Record<string, (urls: string[]) => Yieldable> = {
  'one after another': (urls) => inTurn(urls),
  'worker threads': (urls) => Promise.all(urls.map(byThread)),
  'child processes': (urls) => Promise.all(urls.map(byProcess)),
  coroutines: (urls) => all(urls.map(fetchPage)),
}

await run(function* crawler() {
  const listener = yield* listen('127.0.0.1', 0)
  const site = yield* spawn(serve, listener)
  const urls = names.map((name) => `http://${listener.address}/${name}`)
  for (const [way, crawl] of Object.entries(ways)) {
    visitors.most = 0
    const begun = performance.now()
    const pages: string[] = yield crawl(urls)
    const seconds = ((performance.now() - begun) / 1000).toFixed(2)
    console.log(`${way.padEnd(17)} ${seconds} s, ${visitors.most} at once: ${pages.join(' ')}`)
  }
  yield* kill(site)
})
