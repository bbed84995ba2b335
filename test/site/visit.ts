// The findings of a browser on a page of the site.
import type { Browser, Page } from 'playwright-core'

/** The width of a phone, in CSS pixels. */
export const PHONE = { width: 390, height: 844 }

export interface Visit {
  readonly url: string
  /** Errors in the console, and requests that failed or left the machine. */
  readonly errors: readonly string[]
  /** The targets of its links. */
  readonly links: readonly string[]
  /** The anchors that a link may name after its `#`. */
  readonly anchors: ReadonlySet<string>
  /** The number of pixels by which the page is wider than the phone. */
  readonly overflow: number
  /** The languages of its blocks of code, and of those without colours. */
  readonly languages: readonly string[]
  readonly plain: readonly string[]
}

const LOCAL = /^(http:\/\/127\.0\.0\.1:|data:|blob:)/

/** The part of the DOM that is used here. */
declare const document: { querySelectorAll(selector: string): Iterable<any>; documentElement: any }

/** Visits pages at the size of a phone, some at a time. */
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

/** Collects the errors of a page from now on. */
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
    // The next visit aborts other requests of the browser, such as the one for the icon.
    if (reason !== 'net::ERR_ABORTED') errors.push(`${reason}: ${request.url()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) errors.push(`${response.status()}: ${response.url()}`)
  })
  return errors
}

async function look(page: Page): Promise<Omit<Visit, 'url' | 'errors'>> {
  // A script makes the navigation.
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
