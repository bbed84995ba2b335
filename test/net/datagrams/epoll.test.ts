// The suite of datagrams on the `epoll` driver, where it is built.
import { describe } from 'vitest'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import { realSample } from '../drivers/real-suites.js'
import { datagramSuite } from './suite.js'

const driver = epollDriver()

if (driver instanceof Error) describe.skip(`the epoll driver: ${driver.message}`, () => {})
else datagramSuite('epoll', realSample(driver))
