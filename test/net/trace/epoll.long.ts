// The suites of every driver over the `epoll` driver, recorded, where it is built.
import { describe } from 'vitest'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import { realSample } from '../drivers/real-suites.js'
import { recordedSuites } from './suites.js'

const driver = epollDriver()

if (driver instanceof Error) describe.skip(`the epoll driver: ${driver.message}`, () => {})
else recordedSuites(realSample(driver))
