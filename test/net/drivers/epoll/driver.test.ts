// The suites of every driver on the `epoll` driver, where it is built.
import { describe } from 'vitest'
import { epollDriver } from '../../../../packages/net/src/drivers/epoll/driver.js'
import { realSuites } from '../real-suites.js'

const driver = epollDriver()

if (driver instanceof Error) describe.skip(`the epoll driver: ${driver.message}`, () => {})
else realSuites(driver)
