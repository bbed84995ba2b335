// The playground in Chromium, without a network: as a reader sees it, at the width of a desktop and
// of a phone, by keyboard, and with programs that are wrong or mean harm.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encode, type Shared } from '../../site/learn/playground/share.js'
import { launch } from '../support/chromium.js'
import { builder, program } from './headless.js'
import { BAD, BUSY, HOSTILE, RACE, SHOUTER } from './programs.js'

const DESKTOP = { width: 1280, height: 900 }
const PHONE = { width: 390, height: 844 }

/** Bytes of all files of the page, compressed. */
const MAX_SIZE = 300 * 1024

/** What is used here of the page. */
declare const document: any
declare const window: any
declare const performance: { getEntriesByName(name: string): { startTime: number }[] }

let folder: string
let files: Readonly<Record<string, string>>
let browser: Browser

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bluelet-playground-'))
  files = await (await builder()).playgroundFiles()
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A page, and what it asked for or complained about. */
interface Opened {
  readonly page: Page
  readonly errors: string[]
}

async function open(shared: Partial<Shared> | null, viewport = DESKTOP): Promise<Opened> {
  const page = await browser.newPage({ viewport })
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    // A refusal of the frame's policy is what protects the reader.
    if (message.type() === 'error' && !/Content Security Policy/.test(message.text()))
      errors.push(message.text())
  })
  page.on('request', (request) => {
    if (!/^(file|blob|data|about):/.test(request.url())) errors.push(`asks for ${request.url()}`)
  })
  const hash = shared === null ? '' : `#${await encode({ program: program(''), settings: {}, ...shared })}`
  await page.goto(pathToFileURL(path.join(folder, 'index.html')).href + hash)
  return { page, errors }
}

const status = (page: Page) => page.locator('.left > .status')

/** What the page says when nothing runs any more. */
async function end(page: Page): Promise<string> {
  await expect
    .poll(() => status(page).textContent(), { timeout: 20_000 })
    .not.toMatch(/^(Runs|Tries|Edited)?[….]?$|^Runs|^Tries|^Edited/)
  return ((await status(page).textContent()) ?? '').trim()
}

async function played(text: string, viewport = DESKTOP): Promise<Opened & { says: string }> {
  const opened = await open({ program: program(text) }, viewport)
  return { ...opened, says: await end(opened.page) }
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

/** What the program has printed up to the end. */
async function printed(page: Page): Promise<string> {
  const plain = page.locator('.plain-output')
  if (await plain.isVisible()) return (await plain.textContent()) ?? ''
  return (await page.locator('.bluelet-viewer .printed-lines').textContent()) ?? ''
}

describe('the page', () => {
  it('is small', () => {
    const size = Object.values(files).reduce((sum, text) => sum + gzipSync(text).length, 0)

    expect(size).toBeLessThan(MAX_SIZE)
  })

  it('shows the first step within a second, and asks for nothing', async () => {
    const times: number[] = []
    // Other tests use the processors, too: one load that is quick shows that the page can be.
    for (let i = 0; i < 12 && !(Math.min(...times) < 1_000); i++) {
      const { page, errors } = await open(null)
      expect(await end(page)).toBe('The program has ended.')
      times.push(
        await page.evaluate(() => performance.getEntriesByName('first step')[0]?.startTime ?? Number.NaN),
      )
      expect(errors).toEqual([])
      await page.close()
    }
    console.log(`the first step was shown after ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`)

    expect(Math.min(...times)).toBeLessThan(1_000)
  })

  it.each([DESKTOP, PHONE])('has what it shows within its width: %j', async (viewport) => {
    for (const text of [BUSY, SHOUTER, RACE, "console.log('x'.repeat(300))"]) {
      const { page, errors } = await played(text, viewport)

      expect(await overflow(page)).toBe(0)
      expect(errors).toEqual([])
      await page.close()
    }
  })

  it.each(BAD)('says what is wrong with %s', async (_title, text, says) => {
    const { page, says: said } = await played(text)

    expect(said).toMatch(says)
    // The page is alive, and can run something else.
    await page.locator('select').selectOption('Breakfast')
    expect(await end(page)).toBe('The program has ended.')
    await page.close()
  })

  it.each(HOSTILE)('comes to no harm by %s', async (_title, text) => {
    let asked = 0
    const server = createServer((_request, response) => {
      asked++
      response.end()
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo // It listens at a port.
    const { page, errors } = await played(text.replaceAll('PORT', String(port)))

    const output = await printed(page)
    expect(output).not.toContain('LEAK')
    expect(await page.evaluate(() => [window.HARM, window.top === window, window.frames.length])).toEqual([
      ...[undefined, true, 1],
    ])
    // A request that the policy has refused is told, and is not made.
    expect(errors.filter((error) => !error.startsWith(`asks for http://127.0.0.1:${port}/`))).toEqual([])
    expect(asked).toBe(0)
    server.close()
    await page.locator('select').selectOption('Breakfast')
    expect(await end(page)).toBe('The program has ended.')
    await page.close()
  })

  it('says that a link is damaged, and shows a program nevertheless', async () => {
    const page = await browser.newPage()
    await page.goto(`${pathToFileURL(path.join(folder, 'index.html')).href}#abc`)

    expect(await page.locator('[role=alert]').textContent()).toContain('damaged')
    expect(await end(page)).toBe('The program has ended.')
    await page.close()
  })
})

describe('a reader', () => {
  it.each([DESKTOP, PHONE])('edits, runs and steps by keyboard alone: %j', async (viewport) => {
    const { page, errors } = await open({ program: program(SHOUTER) }, viewport)
    await end(page)
    await focusBy(page, '.cm-content')
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(BUSY)
    expect(await status(page).textContent()).toContain('Edited')

    await page.keyboard.press('Control+Enter')
    expect(await end(page)).toBe('The server waits for clients. Type into the terminal to be one.')

    await focusBy(page, '.bluelet-viewer button')
    const shown = () => page.locator('.bluelet-viewer .transport').textContent()
    const first = await shown()
    await page.keyboard.press('ArrowRight')
    expect(await shown()).not.toBe(first)
    await page.keyboard.press('Home')
    expect(await shown()).toBe(first)
    expect(errors).toEqual([])
    await page.close()
  })

  it('sees the tasks at the lines of the editor', async () => {
    const { page } = await played(BUSY)
    await page.locator('.bluelet-viewer').focus()
    const seen = new Set<string>()
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('ArrowRight')
      for (const text of await page.locator('.line-tag').allTextContents()) seen.add(text)
    }

    expect([...seen]).toEqual(
      expect.arrayContaining([expect.stringMatching(/^▶ /), expect.stringMatching(/^‖ /)]),
    )
    await page.close()
  })

  it('types into a terminal, now and in the past', async () => {
    const { page } = await played(SHOUTER)
    const screen = page.locator('.terminals .screen')
    await page.getByLabel('Type a line into the terminal').focus()
    await page.keyboard.type('hello')
    await page.keyboard.press('Enter')
    await expect.poll(() => screen.textContent()).toBe('hello\nHELLO\n')
    await page.keyboard.type('again')
    await page.keyboard.press('Enter')
    await expect.poll(() => screen.textContent()).toBe('hello\nHELLO\nagain\nAGAIN\n')

    await page.locator('.bluelet-viewer').focus()
    await page.keyboard.press('Home')
    expect(await page.locator('.screen .later').count()).toBeGreaterThan(0)
    await page.getByLabel('Type a line into the terminal').focus()
    await page.keyboard.type('before')
    await page.keyboard.press('Enter')
    await expect.poll(() => screen.textContent()).toContain('BEFORE')

    expect(await screen.textContent()).toMatch(/^hello\nbefore\n/)
    await page.close()
  })

  it('finds the order in which a race fails', async () => {
    const { page, says } = await played(RACE)
    expect(says).toBe('The program has ended.')

    await page.getByRole('button', { name: 'Every schedule' }).click()

    expect(await end(page)).toMatch(
      /^Fails under the schedule [\d.]+, found in run \d+\. Error: the balance is/,
    )
    await page.close()
  })

  it('changes the world', async () => {
    const { page } = await played(BUSY)
    const last = async () => {
      await page.locator('.bluelet-viewer').focus()
      await page.keyboard.press('End')
      return await page.locator('.bluelet-viewer .transport').textContent()
    }
    const before = await last()

    await page.getByLabel('Latency').first().fill('300')

    await expect.poll(last, { timeout: 5_000 }).not.toBe(before)
    await page.close()
  })

  it('goes on after a limit', async () => {
    const { page } = await played(BAD.find(([title]) => title === 'time without end')?.[1] ?? '')

    await page.getByRole('button', { name: 'Go on' }).click()

    expect(await end(page)).toMatch(/^Stopped after 50 s of virtual time/)
    await page.close()
  })

  it('shares a program by its link', async () => {
    const { page } = await played(BUSY)
    await focusBy(page, '.cm-content')
    await page.keyboard.press('Control+Home')
    await page.keyboard.insertText('// Mine.\n')
    await page.getByRole('button', { name: 'Share' }).click()
    await expect.poll(() => page.url()).not.toContain(await encode({ program: program(BUSY), settings: {} }))
    const other = await browser.newPage()
    await other.goto(page.url())

    expect(await other.locator('.cm-line').first().textContent()).toBe('// Mine.')
    await Promise.all([page.close(), other.close()])
  })

  it('predicts: nothing runs, and nothing is shown, until it is asked for', async () => {
    const { page } = await open({ program: program("console.log('the answer')"), predict: true })
    await expect.poll(() => status(page).textContent()).toContain('Predict')
    await page.waitForTimeout(300)
    expect(await page.locator('.plain-output').textContent()).toBe('')
    expect(await page.locator('.plain-output').isVisible()).toBe(false)

    await page.getByRole('button', { name: 'Run' }).click()

    await expect.poll(() => page.locator('.plain-output').textContent()).toBe('the answer\n')
    await page.close()
  })

  it('has it as a part of a page, which is as high as it needs', async () => {
    const hash = await encode({ program: program(BUSY), settings: {} })
    writeFileSync(
      path.join(folder, 'around.html'),
      `<iframe style="width:830px" src="index.html#${hash}"></iframe><script>onmessage = ({ data }) => { document.querySelector('iframe').style.height = data.blueletHeight + 'px' }</script>`,
    )
    const page = await browser.newPage({ viewport: DESKTOP })
    await page.goto(pathToFileURL(path.join(folder, 'around.html')).href)
    const inner = page.frameLocator('iframe')
    await expect.poll(() => inner.locator('.bluelet-viewer').isVisible(), { timeout: 10_000 }).toBe(true)
    await page.waitForTimeout(500)

    const [around, within] = await Promise.all([
      page.locator('iframe').evaluate(({ offsetHeight }: any) => offsetHeight),
      inner.locator('#playground').evaluate(({ offsetHeight }: any) => offsetHeight),
    ])

    expect(Math.abs(around - within)).toBeLessThan(10)
    expect(within).toBeLessThan(2_000)
    await page.close()
  })
})

/** Moves the focus by Tab to the first element of a kind. */
async function focusBy(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not lead to ${selector}`)
}
