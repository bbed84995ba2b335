// The suites of every driver over TLS, on the `epoll` driver, where it is built.
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import { describe } from 'vitest'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import { realSample } from '../drivers/real-suites.js'
import { TLS_TIMES, tlsSuites } from './suites.js'

const driver = epollDriver()

if (driver instanceof Error) describe.skip(`the epoll driver: ${driver.message}`, () => {})
else tlsSuites(realSample(driver, TLS_TIMES), defaultHost)
