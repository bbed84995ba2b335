// A page with the viewer, opened from a file by a browser without a network.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Trace, toHTML } from '@bluelet/scheduler/trace'
import type { Browser, Locator, Page } from 'playwright-core'

export const DESKTOP = { width: 1280, height: 800 }
export const PHONE = { width: 360, height: 740 }

/** The part of the DOM that is used here. */
declare const document: { documentElement: any; querySelectorAll(selector: string): Iterable<any> }
declare const performance: { now(): number }
declare function setInterval(callback: () => void, ms: number): void

/** Files for the tests, in a folder that is removed in the end. */
export class Folder {
  readonly #path = mkdtempSync(path.join(tmpdir(), 'bluelet-viewer-'))

  write(name: string, text: string | Uint8Array): string {
    const file = path.join(this.#path, name)
    writeFileSync(file, text)
    return file
  }

  remove(): void {
    rmSync(this.#path, { recursive: true })
  }
}

/** The viewer in a page. */
export class ViewerPage {
  readonly page: Page
  /** Errors in the console, and requests for anything but the file itself. */
  readonly errors: string[] = []

  constructor(page: Page, url: string) {
    this.page = page
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.errors.push(message.text())
    })
    page.on('pageerror', (error) => this.errors.push(String(error)))
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:'))
        this.errors.push(`requests ${request.url()}`)
    })
    page.on('dialog', (dialog) => {
      this.errors.push(`a dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
  }

  /** Opens a file; if a trace is given, its page. */
  static async open(
    browser: Browser,
    folder: Folder,
    content: Trace | string,
    viewport: { width: number; height: number } = DESKTOP,
  ): Promise<ViewerPage> {
    const text = typeof content === 'string' ? content : toHTML(content)
    const url = pathToFileURL(folder.write(`page-${Math.floor(performance.now() * 1000)}.html`, text)).href
    const page = await browser.newPage({ viewport })
    await page.context().setOffline(true)
    const opened = new ViewerPage(page, url)
    await page.goto(url)
    return opened
  }

  get why(): Locator {
    return this.page.locator('.why')
  }

  get position(): Locator {
    return this.page.locator('.position')
  }

  /** The sentence on top. */
  async sentence(): Promise<string> {
    return (await this.why.textContent()) ?? ''
  }

  /** The step that is shown. */
  async step(): Promise<number> {
    return Number((await this.page.locator('.position b').textContent())?.replaceAll(',', ''))
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key)
  }

  /** The rows of a list of the tasks, such as `Ready`. */
  async rows(title: string): Promise<string[]> {
    const list = this.page.locator('.list', { has: this.page.locator('h3', { hasText: title }) })
    return list.locator('li').allInnerTexts()
  }

  /** How many entries each list of the tasks has. */
  async counts(): Promise<Record<string, number>> {
    const titles = await this.page.locator('.list h3').allInnerTexts()
    return Object.fromEntries(titles.map((title) => title.split('\n')).map(([name, n]) => [name, Number(n)]))
  }

  /**
   * Where something hangs over: the number of pixels by which the page is wider than the window.
   */
  overflow(): Promise<number> {
    return this.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      return scrollWidth - clientWidth
    })
  }

  /** Buttons and fields that a screen reader has no name for, or that cannot be seen. */
  nameless(): Promise<string[]> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('button, input, summary, [role=tab], [tabindex="0"]')]
        .filter((element) => element.checkVisibility())
        .filter((element) => {
          const label = element.getAttribute('aria-label') ?? element.textContent
          return label.trim() === '' && element.getAttribute('aria-labelledby') === null
        })
        .map((element) => String(element.outerHTML).slice(0, 200)),
    )
  }

  /** Pairs of parts of the page that overlap, and texts of buttons that are cut off. */
  overlaps(): Promise<string[]> {
    return this.page.evaluate(() => {
      const parts = [
        ...document.querySelectorAll(
          '.bar > *, .tools > *, .why, .transport > *, .pane, .lane-bar > *, .legend > *, .list li > *, .details > *',
        ),
      ].filter((element) => element.checkVisibility())
      const name = (element: any) =>
        `${element.className || element.tagName}: ${element.textContent.slice(0, 20)}`
      const boxes = parts.map((element) => ({ element, box: element.getBoundingClientRect() }))
      return boxes.flatMap(({ element, box }, i) =>
        boxes
          .slice(i + 1)
          .filter(
            ({ element: other, box: { left, right, top, bottom } }) =>
              element.parentElement === other.parentElement &&
              Math.min(box.right, right) - Math.max(box.left, left) > 1 &&
              Math.min(box.bottom, bottom) - Math.max(box.top, top) > 1,
          )
          .map(({ element: other }) => `${name(element)} and ${name(other)}`),
      )
    })
  }

  /** Measures from now on for how long the page is frozen: the longest pause of a timer. */
  async watch(): Promise<() => Promise<number>> {
    await this.page.evaluate(() => {
      let last = performance.now()
      const seen = globalThis as unknown as { longest: number }
      seen.longest = 0
      setInterval(() => {
        seen.longest = Math.max(seen.longest, performance.now() - last)
        last = performance.now()
      }, 10)
    })
    return () => this.page.evaluate(() => (globalThis as unknown as { longest: number }).longest)
  }

  close(): Promise<void> {
    return this.page.close()
  }
}
