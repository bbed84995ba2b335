// The suites of every driver over TLS, on the `node` driver.
import { nodeDriver } from '@bluelet/net/driver'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import { realSample } from '../drivers/real-suites.js'
import { TLS_TIMES, tlsSuites } from './suites.js'

tlsSuites(realSample(nodeDriver, TLS_TIMES), defaultHost)
