// The viewer that a monitor serves: it follows a program until it is touched.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch } from '../support/chromium.js'
import { leavesNothingRunning, start, typeScript } from '../support/program.js'
import { DESKTOP, PHONE } from './viewer-page.js'

let browser: Browser

beforeAll(async () => {
  browser = await launch()
})

afterAll(() => browser?.close())

leavesNothingRunning()

describe.each([
  ['a desktop', DESKTOP],
  ['a phone', PHONE],
])('the viewer of a monitor on %s', (_, viewport) => {
  it('follows the program, stops when it is touched, and can go on', async () => {
    const program = start(...typeScript('test/net/monitor/fixtures/watched.ts'), { MONITOR_PORT: '0' })
    const [, address = ''] = await program.printed(/watched at (\S+)/)
    const page = await browser.newPage({ viewport })
    const errors: string[] = []
    page.on('console', (message) => void errors.push(message.text()))
    page.on('pageerror', (error) => void errors.push(String(error)))
    const busy = setInterval(() => program.write('nothing\n'), 50)

    await page.goto(address)
    const button = page.locator('button.live')
    await page.getByText('worker#3').first().waitFor()
    expect(await button.textContent()).toBe('Stop here')
    const time = page.locator('.position').first()
    const first = await time.textContent()
    await expect.poll(async () => (await time.textContent()) !== first, { timeout: 5000 }).toBe(true)

    await page.keyboard.press('ArrowLeft')
    expect(await button.textContent()).toBe('Follow')
    const stopped = await time.textContent()
    await page.waitForTimeout(1200)
    expect(await time.textContent()).toBe(stopped)

    await button.click()
    await expect.poll(async () => (await time.textContent()) !== stopped, { timeout: 5000 }).toBe(true)
    expect(errors).toEqual([])
    clearInterval(busy)
    await page.close()
  })
})
