// Each lesson in Chromium, from its first question to its repaired program, by keyboard alone, at
// the width of a desktop and of a phone.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Lesson } from '../../site/learn/lessons/lesson.js'
import { encode } from '../../site/learn/playground/share.js'
import { launch } from '../support/chromium.js'
import { builder, program, root } from './headless.js'

const LESSONS = path.join(root, 'site/learn/lessons')
const VIEWPORTS = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const

/** What is used here of the page. */
declare const document: any

let folder: string
let browser: Browser

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bluelet-lessons-'))
  const files = await (await builder()).playgroundFiles()
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

interface LessonFile extends Lesson {
  readonly file: string
  readonly solution: string
}

const lessons = readdirSync(LESSONS)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(read(name)) as LessonFile)

function read(name: string): string {
  return readFileSync(path.join(LESSONS, name), 'utf8')
}

describe.each(Object.entries(VIEWPORTS))('on a %s', (_name, viewport) => {
  it.each(lessons)('$title is learned by keyboard', { timeout: 60_000 }, async (lesson) => {
    const { title, steps, file, solution } = lesson
    const page = await browser.newPage({ viewport })
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    const hash = await encode({ program: program(read(file)), settings: {}, lesson: { title, steps } })
    await page.goto(`${pathToFileURL(path.join(folder, 'index.html')).href}#${hash}`)
    const verdict = () => page.locator('.lesson .verdict').textContent()

    for (const [i, step] of steps.entries()) {
      await expect
        .poll(() => page.locator('.lesson .place').textContent())
        .toBe(`${i + 1} of ${steps.length}`)
      if (step.predict !== undefined) {
        // Nothing is run, and so nothing is given away, before there is an answer.
        expect(await page.locator('.view').isVisible()).toBe(false)
        await press(page, step.predict.answers.at(-1) ?? '')
        await expect.poll(verdict, { timeout: 20_000 }).toBe(`✓ It is this: ${step.predict.answers[0]}.`)
      }
      if (step.edit === true) {
        await focusOn(page, '.cm-content')
        await page.keyboard.press('Control+a')
        await page.keyboard.insertText(read(solution))
        await expect.poll(verdict, { timeout: 20_000 }).toMatch(/^✓ Right\./)
      }
      if (i + 1 < steps.length) await press(page, 'Next ›')
    }

    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    expect(overflow).toBe(0)
    expect(errors).toEqual([])
    await page.close()
  })
})

/** Presses the button with this text. */
async function press(page: Page, text: string): Promise<void> {
  await focusOn(page, 'button', text)
  await page.keyboard.press('Enter')
}

/** Moves the focus by Tab. */
async function focusOn(page: Page, selector: string, text = ''): Promise<void> {
  for (let i = 0; i < 80; i++) {
    const there = await page.evaluate(
      ([wanted, words]) => {
        const { activeElement: element } = document
        return element?.matches(wanted) && (words === '' || element.textContent === words)
      },
      [selector, text],
    )
    if (there) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not lead to ${selector} ${text}`)
}
