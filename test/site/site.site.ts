// A fresh build of the documentation site in a real browser, which is headless and can reach only
// the site.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../documents/document.js'
import { launch } from '../support/chromium.js'
import { type StaticServer, serve } from './static-server.js'
import { type Visit, visitAll } from './visit.js'

const folder = mkdtempSync(path.join(tmpdir(), 'bluelet-site-'))
let server: StaticServer
let browser: Browser
let visits: Visit[]

beforeAll(async () => {
  build()
  server = await serve(folder)
  browser = await launch()
  visits = await visitAll(
    browser,
    pages().map((page) => server.origin + page),
  )
})

afterAll(async () => {
  await browser?.close()
  server?.close()
  rmSync(folder, { recursive: true })
})

describe('every page', () => {
  it('exists: the home page, documents, the reference, and sources', () => {
    expect(pages()).toEqual(
      expect.arrayContaining([
        'index.html',
        'how-to/running-a-server.html',
        'reference/net/Connection.html',
        'reference/scheduler.html',
        'sources/test/net/traps/streams.test.ts.html',
      ]),
    )
  })

  it('loads without an error or a failed request, and contacts no other host', () => {
    expect(visits.length).toBe(pages().length)
    expect(visits.flatMap(({ url, errors }) => errors.map((error) => `${nameOf(url)}: ${error}`))).toEqual([])
  })

  it('has only links that lead to a page, and to an anchor in it', () => {
    const anchors = new Map(visits.map((visit) => [visit.url, visit.anchors]))
    const leadsSomewhere = (link: string) => {
      const { origin, pathname, hash } = new URL(link)
      const target = anchors.get(origin + pathname)
      return (
        target !== undefined && (hash === '' || hash === '#' || target.has(decodeURIComponent(hash.slice(1))))
      )
    }

    const broken = visits.flatMap(({ url, links }) =>
      links
        .filter((link) => link.startsWith(server.origin) && !leadsSomewhere(link))
        .map((link) => `${nameOf(url)}: ${nameOf(link)}`),
    )

    expect([...new Set(broken)]).toEqual([])
  })

  it('can be reached from the home page', () => {
    const links = new Map(visits.map((visit) => [visit.url, visit.links]))
    const reached = new Set([`${server.origin}index.html`])
    for (const url of reached) {
      for (const link of links.get(url) ?? []) if (links.has(link)) reached.add(link)
    }

    expect(visits.map(({ url }) => url).filter((url) => !reached.has(url))).toEqual([])
  })

  it('has colours in its code', () => {
    expect(new Set(visits.flatMap(({ languages }) => languages))).toContain('ts')
    expect(visits.flatMap(({ url, plain }) => plain.map((code) => `${nameOf(url)}: ${code}`))).toEqual([])
  })

  it('is no wider than a phone', () => {
    expect(
      visits.filter(({ overflow }) => overflow > 0).map(({ url, overflow }) => `${nameOf(url)}: ${overflow}`),
    ).toEqual([])
  })
})

describe('the site', () => {
  it('has four groups in its navigation, in this order, and they are open', async () => {
    const page = await browser.newPage()
    await page.goto(`${server.origin}index.html`)

    const groups = page.locator('#tsd-nav-container > li > details[open] > summary')

    await expect
      .poll(() => groups.allTextContents())
      .toEqual(['Tutorial', 'How-to', 'Explanation', 'Reference'])
  })

  it.each([
    ['running a server', 'how-to/running-a-server.html', 'Running a server'],
    ['slowloris', 'how-to/running-a-server.html', 'Running a server'],
    ['sleep', 'reference/scheduler/sleep.html', 'Function sleep'],
    ['recv', 'reference/net/Connection.html#recv', 'Class Connection'],
  ])('finds %j by its search', async (words, url, title) => {
    const page = await browser.newPage()
    await page.goto(`${server.origin}index.html`)

    await page.locator('#tsd-search-trigger').click()
    await page.locator('#tsd-search-input').fill(words)
    await page.locator('#tsd-search-results a').first().click()
    await page.waitForURL(server.origin + url)

    expect(await page.locator('h1').first().textContent()).toBe(title)
  })

  it('leads from a page to what a source file exports', async () => {
    const page = await browser.newPage()
    await page.goto(`${server.origin}how-to/running-a-server.html`)

    await page.locator('.col-content a', { hasText: 'server(host, port, handler)' }).click()

    await page.waitForURL(`${server.origin}reference/net/server.html`)
  })

  it('can be read without a server', async () => {
    const page = await browser.newPage()
    await page.goto(pathToFileURL(path.join(folder, 'how-to/running-a-server.html')).href)
    await page.locator('#tsd-nav-container a', { hasText: 'Contributing' }).waitFor()

    await page.locator('.col-content a', { hasText: 'README' }).click()
    await page.waitForURL(pathToFileURL(path.join(folder, 'index.html')).href)
  })
})

function build(): void {
  const typedoc = path.join(root, 'node_modules/typedoc/bin/typedoc')
  const { status, stdout, stderr } = spawnSync(process.execPath, [typedoc, '--out', folder], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the site cannot be built:\n${stdout}${stderr}`)
}

/** The pages, by their paths. */
function pages(): string[] {
  return (
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll('\\', '/'))
      // The playground is a page of its own, without the navigation.
      .filter((file) => file.endsWith('.html') && !file.startsWith('play/'))
      .sort()
  )
}

function nameOf(url: string): string {
  return url.slice(server.origin.length)
}
