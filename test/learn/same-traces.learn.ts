// The same program gives the same trace in a browser and in Node, byte by byte: a book can print
// it, and a test can compare it.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Program } from '../../site/learn/playground/compile.js'
import { encode } from '../../site/learn/playground/share.js'
import { launch } from '../support/chromium.js'
import { builder, play, programOf, root } from './headless.js'

/** What is used here of the page. */
declare const document: any
declare const window: any

let folder: string
let browser: Browser
let page: Page

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bluelet-traces-'))
  const files = await (await builder()).playgroundFiles()
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

const lessons = readdirSync(path.join(root, 'site/learn/lessons'))
  .filter((name) => name.endsWith('.ts') && !/^(checks|lesson)\.ts$/.test(name))
  .map((name) => `site/learn/lessons/${name}`)

const examples = ['13-same-program', '14-timeout', '15-back-pressure', '16-shutdown', '17-chat'].map(
  (name) => `examples/learn/${name}.ts`,
)

/** The trace of a program in the browser. */
async function shown(program: Program): Promise<string> {
  page = await browser.newPage()
  await page.addInitScript(() => {
    document.addEventListener('bluelet-trace', ({ detail }: { detail: string }) => {
      window.trace ??= detail
    })
  })
  const hash = await encode({ program, settings: {} })
  await page.goto(`${pathToFileURL(path.join(folder, 'index.html')).href}#${hash}`)
  await page.waitForFunction(() => window.trace !== undefined, null, { timeout: 20_000 })
  const trace: string = await page.evaluate(() => window.trace)
  await page.close()
  return trace
}

describe('a trace', () => {
  it.each([...lessons, ...examples])(
    'is the same in Chromium and in Node: %s',
    { timeout: 60_000 },
    async (file) => {
      const program = programOf(file)

      const [inBrowser, inNode] = [await shown(program), (await play(program)).text]

      expect(inBrowser).toBe(inNode)
      expect(inNode.split('\n').length).toBeGreaterThan(10)
    },
  )
})
