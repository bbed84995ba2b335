// Fetches one page: a worker thread posts it, a process prints it. Part of a crawler: `node --import tsx examples/crawler.ts`.

import { once } from 'node:events'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { parentPort, workerData } from 'node:worker_threads'

const [response] = await once(get(workerData ?? process.argv[2]), 'response')
const page = await text(response)
if (parentPort) parentPort.postMessage(page)
else process.stdout.write(page)
