// What a reader's browser finds on a page of the site.
import type { Browser, Page } from 'playwright-core'

/** The width of a phone, in CSS pixels. */
export const PHONE = { width: 390, height: 844 }

export interface Visit {
  readonly url: string
  /** What the console says of errors, and requests that failed or left the machine. */
  readonly errors: readonly string[]
  /** Where its links lead. */
  readonly links: readonly string[]
  /** What a link may name behind its `#`. */
  readonly anchors: ReadonlySet<string>
  /** By how many pixels the page is wider than the phone. */
  readonly overflow: number
  /** The languages of its blocks of code, and of those that have no colours. */
  readonly languages: readonly string[]
  readonly plain: readonly string[]
}

/** For a browser that finds no other machine. */
export const OFFLINE = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'

const LOCAL = /^(http:\/\/127\.0\.0\.1:|data:)/

/** What a browser has. */
declare const document: { querySelectorAll(selector: string): Iterable<any>; documentElement: any }

/** Visits pages on a phone, some at a time. */
export async function visitAll(browser: Browser, urls: readonly string[]): Promise<Visit[]> {
  const left = [...urls]
  const visits: Visit[] = []
  const visitor = async () => {
    const page = await browser.newPage({ viewport: PHONE })
    const errors = errorsOf(page)
    for (let url = left.pop(); url !== undefined; url = left.pop()) {
      await page.goto(url)
      visits.push({ url, ...(await look(page)), errors: errors.splice(0) })
    }
    await page.close()
  }
  await Promise.all([visitor(), visitor()])
  return visits
}

/** What goes wrong on a page from now on. */
export function errorsOf(page: Page): string[] {
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('request', (request) => {
    if (!LOCAL.test(request.url())) errors.push(`asks another machine: ${request.url()}`)
  })
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText
    // What a browser wants besides the page, such as its icon, is cut off by the next visit.
    if (reason !== 'net::ERR_ABORTED') errors.push(`${reason}: ${request.url()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) errors.push(`${response.status()}: ${response.url()}`)
  })
  return errors
}

async function look(page: Page): Promise<Omit<Visit, 'url' | 'errors'>> {
  // Made by a script.
  await page.waitForSelector('#tsd-nav-container details', { state: 'attached' })
  const found = await page.evaluate(() => {
    const all = (selector: string) => [...document.querySelectorAll(selector)]
    const code = all('pre > code[class]').filter(({ className }) => !/^(text|console)$/.test(className))
    const { scrollWidth, clientWidth } = document.documentElement
    return {
      links: all('a[href]').map(({ href }) => String(href)),
      anchors: all('[id]').map(({ id }) => String(id)),
      overflow: scrollWidth - clientWidth,
      languages: code.map(({ className }) => String(className)),
      plain: code
        .filter((block) => block.querySelector('[class^="hl-"]') === null)
        .map(({ textContent }) => String(textContent)),
    }
  })
  return { ...found, anchors: new Set(found.anchors) }
}
