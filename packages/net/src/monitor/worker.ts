/**
 * The thread of the monitor begins here.
 */

import { parentPort, workerData } from 'node:worker_threads'
import type { Beginning } from './messages.js'
import { serve } from './serve.js'

if (parentPort !== null) void serve(parentPort, workerData as Beginning) // As monitor.ts makes it.
