// The viewer of traces in a real browser, which is headless, opens files, and has no network.
import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import {
  stateAt,
  steps,
  stringify,
  toChrome,
  toMermaid,
  toOTLP,
  toSVG,
  toText,
  why,
} from '@bluelet/scheduler/trace'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch } from '../support/chromium.js'
import { echoTrace, longTrace, simulated, traceOf } from './traces.js'
import { DESKTOP, Folder, PHONE, ViewerPage } from './viewer-page.js'

const VIEWER = fileURLToPath(new URL('../../packages/scheduler/dist/viewer.html', import.meta.url))

/** Whether an element has the focus; it runs in the page. */
const isFocused = (element: unknown) => element === (globalThis as any).document.activeElement

const folder = new Folder()
let browser: Browser

beforeAll(async () => {
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  folder.remove()
})

describe('viewer.html', () => {
  it('has at most 120 KB, gzipped', () => {
    const bytes = gzipSync(readFileSync(VIEWER)).length
    console.log(`viewer.html: ${statSync(VIEWER).size} bytes, ${bytes} gzipped`)

    expect(bytes).toBeLessThan(120 * 1024)
  })
})

describe.each([
  ['a desktop', DESKTOP],
  ['a phone', PHONE],
])('the viewer on %s', (_, viewport) => {
  it('opens from a file, requests nothing, and begins with the first step', async () => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace(), viewport)

    await expect
      .poll(() => viewer.sentence())
      .toMatch(/^main#1 ran because .+\. It yielded spawn\(server\)\.$/)
    expect(await viewer.position.textContent()).toBe('1 of 180 ms')
    expect(viewer.errors).toEqual([])
    await viewer.close()
  })

  it('is no wider than the window, and nothing in it overlaps, in any of its tabs', async () => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace(), viewport)
    await viewer.press(...Array(12).fill('ArrowRight'))

    for (const tab of ['Tasks', 'Network', 'Table']) {
      await viewer.page.getByRole('tab', { name: tab }).click()

      expect(await viewer.overflow(), tab).toBe(0)
      expect(await viewer.overlaps(), tab).toEqual([])
    }
    await viewer.close()
  })

  it('has a name for each button', async () => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace(), viewport)

    expect(await viewer.nameless()).toEqual([])
    await viewer.close()
  })

  it('is used by keys alone', async () => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace(), viewport)

    await viewer.press('End')
    expect(await viewer.step()).toBe(18)
    await viewer.press('Home', 'ArrowRight', 'ArrowRight', 'ArrowLeft')
    expect(await viewer.step()).toBe(2)

    // Within a task: main took the first three steps.
    await viewer.press('ArrowRight', 'Shift+ArrowRight')
    expect(await viewer.sentence()).toMatch(/^main#1 ran because client#3, .+ in step 13\. It yielded kill/)
    await viewer.press('Shift+ArrowLeft')
    expect(await viewer.step()).toBe(3)

    // To the cause through the network, and back.
    for (const _ of Array(10)) await viewer.press('ArrowRight')
    expect(await viewer.sentence()).toContain(
      'client#3 ran because 7 bytes arrived that echoer#4 sent in step 11',
    )
    await viewer.press('b')
    expect(await viewer.step()).toBe(11)
    await viewer.press('f')
    expect(await viewer.step()).toBe(12)

    await viewer.press('t')
    expect(await viewer.page.getByText('By time').isVisible()).toBe(true)
    await viewer.press('+', '-', '0', 't')
    expect(await viewer.page.getByText('By steps').isVisible()).toBe(true)

    await viewer.press('/')
    await viewer.page.keyboard.type('HELLO')
    await viewer.press('Enter', 'Enter')
    expect(await viewer.page.locator('.find-count').textContent()).toMatch(/ of \d+ steps$/)
    await viewer.press('Escape', 'Home', ' ')
    await expect.poll(() => viewer.step()).toBeGreaterThan(1)
    await viewer.press(' ', '?')
    expect(await viewer.page.locator('dialog').isVisible()).toBe(true)
    await viewer.press('Escape')
    expect(await viewer.page.locator('dialog').isVisible()).toBe(false)
    expect(viewer.errors).toEqual([])
    await viewer.close()
  })

  it('asks which task runs next, and shows it after the answer', async () => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace(), viewport)
    await viewer.press('ArrowRight', 'ArrowRight', 'p')
    const question = viewer.page.locator('.predict')
    expect(await question.textContent()).toContain('Which task runs next?')
    expect(await viewer.page.locator('h3', { hasText: 'Ready' }).count()).toBe(0)

    await question.getByRole('button', { name: 'client#3' }).press('Enter')
    expect(await question.textContent()).toContain('No: client#3 does not run next')
    await question.getByRole('button', { name: 'server#2' }).press('Enter')
    expect(await question.textContent()).toContain('server#2 runs because main#1 spawned it')
    await viewer.press('Enter')

    expect(await viewer.step()).toBe(4)
    expect(await question.textContent()).toContain('0 of 1 predicted at once')
    await viewer.close()
  })

  it('shows which lines the tasks have come to, the ready queue, the waits, sockets and output', async () => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace(), viewport)
    await viewer.press(...Array(12).fill('ArrowRight'))

    expect(await viewer.page.locator('li.at-now').textContent()).toMatch(/readexactly\(7\).*▶ client#3/s)
    expect(await viewer.page.locator('li.at-waiting').allInnerTexts()).toEqual([
      expect.stringMatching(/conn\.recv\(1024\).*‖ echoer#4/s),
      expect.stringMatching(/join\(c\).*▷ main#1/s),
    ])
    expect(await viewer.rows('Ready')).toEqual([expect.stringMatching(/^1\s*main#1/)])
    expect(await viewer.rows('Waiting')).toEqual([
      expect.stringMatching(/server#2\s+accept\(\)\s+since 3 ms/),
      expect.stringMatching(/echoer#4\s+recv\(1024\)\s+echo\.ts:7 · since 4 ms/),
    ])
    expect(await viewer.rows('Sockets')).toHaveLength(3)
    expect(await viewer.rows('Ended')).toEqual([expect.stringMatching(/client#3\s+✓ returned/)])
    expect(await viewer.page.locator('.log.now').textContent()).toMatch(/13\s*hello 1/)
    await viewer.close()
  })

  it('goes to the step of a place in the lanes', async () => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace(), viewport)
    await viewer.press('End')

    await viewer.page.locator('canvas').click({ position: { x: 20, y: 24 * 3 + 12 } })

    expect(await viewer.sentence()).toMatch(/^client#3 ran because/)
    await viewer.close()
  })
})

describe('the viewer', () => {
  it('shows the two ends of a link, bytes in flight, and packets on the wire', async () => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace())
    await viewer.press(...Array(8).fill('ArrowRight'))
    await viewer.page.getByRole('tab', { name: 'Network' }).click()

    const network = await viewer.page.locator('.network').textContent()
    expect(network).toMatch(/127\.0\.0\.1:4915\s*socket 2, open\s*→ 7 bytes\s*socket 3/)
    expect(network).toMatch(/127\.0\.0\.1:50000\s*7 ▸\s*127\.0\.0\.1:4915/)
    await viewer.close()
  })

  it('has the steps as a table, also on paper', async () => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace())
    await viewer.page.getByRole('tab', { name: 'Table' }).click()

    const rows = viewer.page.locator('.steps-table tbody tr')
    expect(await rows.count()).toBe(18)
    expect(await rows.nth(12).textContent()).toMatch(
      /^13\s*5 ms\s*client#3\s*7 bytes arrived that echoer#4 sent in step 11\s*b'hello 1'\s*returned/,
    )

    await viewer.page.emulateMedia({ media: 'print' })
    await viewer.page.evaluate('dispatchEvent(new Event("beforeprint"))')
    expect(await viewer.page.locator('.printed tbody tr').count()).toBe(18)
    expect(await viewer.page.locator('.printed').isVisible()).toBe(true)
    expect(await viewer.page.locator('.lane-box').isVisible()).toBe(false)
    await viewer.close()
  })

  it.each([
    ['Text', 'trace.txt', toText],
    ['Picture', 'trace.svg', toSVG],
    ['Mermaid', 'trace.mmd', toMermaid],
    ['Chrome', 'trace.json', toChrome],
    ['OpenTelemetry', 'trace.otlp.json', toOTLP],
    ['Trace', 'trace.jsonl', stringify],
  ] as const)('exports the trace by keys alone: %s', async (title, name, exported) => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace())

    const downloading = viewer.page.waitForEvent('download')
    await viewer.page.locator('summary').press('Enter')
    const item = viewer.page.getByRole('menuitem', { name: title })
    for (let i = 0; i < 6 && !(await item.evaluate(isFocused)); i++) await viewer.press('ArrowDown')
    await viewer.press('Enter')
    const download = await downloading

    expect(download.suggestedFilename()).toBe(name)
    expect(readFileSync(await download.path(), 'utf8')).toBe(exported(echoTrace()))
    expect(await viewer.step()).toBe(1)
    await viewer.close()
  })

  it('shows tasks of the library when it is told to, by `l`', async () => {
    const trace = await simulated()
    const viewer = await ViewerPage.open(browser, folder, trace)
    const label = viewer.page.locator('canvas')
    const lanes = async () =>
      Number(/of (\d+) tasks/.exec((await label.getAttribute('aria-label')) ?? '')?.[1])
    await expect.poll(lanes).toBeGreaterThan(3)
    const own = await lanes()

    await viewer.press('l')
    const all = await lanes()

    expect(all).toBe(trace.events.filter(({ e }) => e === 'spawn').length)
    expect(own).toBe(all - trace.events.filter((event) => event.e === 'spawn' && event.library).length)
    expect(own).toBeLessThan(all)
    await viewer.close()
  })

  it('says of each step what `why` says, and of each moment what `stateAt` says', async () => {
    const trace = await simulated()
    const viewer = await ViewerPage.open(browser, folder, trace)
    await expect.poll(() => viewer.sentence()).toContain('ran because')
    await viewer.press('l')

    for (const { n, last } of steps(trace)) {
      expect(await viewer.sentence()).toContain(`${why(trace, n).text}.`)
      const { ready, tasks } = stateAt(trace, last)
      const waiting = tasks.filter(({ waitsFor }) => waitsFor !== null)
      expect(await viewer.counts()).toMatchObject({ Ready: ready.length, Waiting: waiting.length })
      await viewer.press('ArrowRight')
    }
    expect(viewer.errors).toEqual([])
    await viewer.close()
  })

  it('shows what was typed, and what looks wrong, beside the output', async () => {
    const trace = traceOf([
      { t: 0, e: 'spawn', co: 1, name: 'main', parent: null, by: null },
      { t: 0, e: 'resume', co: 1, how: 'value', because: 0 },
      { t: 0, e: 'log', text: 'hello', co: 1 },
      { t: 0, e: 'input', id: 'alice', data: 'hi' },
      { t: 0, e: 'warn', rule: 'lost-wake-up', co: 1, msg: 'no task waits for it' },
    ])
    const viewer = await ViewerPage.open(browser, folder, trace)

    await expect
      .poll(() => viewer.page.locator('.log-text').allInnerTexts())
      .toEqual(['hello', 'alice › hi', '⚠ no task waits for it (lost-wake-up)'])
    await viewer.close()
  })

  it('hides the pane of the sources if the trace has none', async () => {
    const viewer = await ViewerPage.open(browser, folder, traceOf(echoTrace().events, {}))

    expect(await viewer.page.locator('.source').isVisible()).toBe(false)
    expect(await viewer.overlaps()).toEqual([])
    await viewer.close()
  })

  it('says that older events were dropped, or that there is no step', async () => {
    const dropped = await ViewerPage.open(
      browser,
      folder,
      traceOf(echoTrace().events.slice(40), { dropped: 40 }),
    )
    const empty = await ViewerPage.open(browser, folder, traceOf([]))

    expect(await dropped.page.locator('.notice').textContent()).toContain('dropped the 40 oldest events')
    expect(await empty.page.locator('.notice').textContent()).toBe('This trace has no steps.')
    await empty.press('ArrowRight', 'b', 'f', 't', 'p', ' ', 'End')
    expect([...dropped.errors, ...empty.errors]).toEqual([])
    await dropped.close()
    await empty.close()
  })
})

describe('a text of the program', () => {
  const BAD = [
    '<img src=x onerror="window.broken=1">',
    '</script><script>window.broken=1</script>',
    '<!--<script>',
    '\u2028window.broken=1\u2029',
    '</style></title></textarea><svg onload=window.broken=1>',
    '\'"`$\u007bwindow.broken=1}',
    'javascript:window.broken=1',
    "$&$`$'",
    '\u0000\ud800',
  ]

  it.each(BAD)('is never read as HTML or code: %j', async (bad) => {
    const trace = traceOf(
      [
        { t: 0, e: 'spawn', co: 1, name: bad, parent: null, by: null, at: bad },
        { t: 0, e: 'resume', co: 1, how: 'value', because: 0, value: bad },
        { t: 0, e: 'res', res: 1, op: 'listen', at: bad, step: 1 },
        { t: 0, e: 'packet', id: 1, from: bad, to: bad, bytes: 1, op: 'sent' },
        { t: 0, e: 'log', text: bad, co: 1 },
        { t: 0, e: 'yield', co: 1, ev: bad, op: bad, at: `${bad} (${bad}:1:1)`, locals: { [bad]: bad } },
        { t: 0, e: 'park', co: 1 },
      ],
      { sources: { [bad]: `${bad}\n${bad}` } },
    )
    const viewer = await ViewerPage.open(browser, folder, trace)

    await expect.poll(() => viewer.sentence()).toContain('ran because')
    for (const tab of ['Network', 'Table', 'Tasks']) await viewer.page.getByRole('tab', { name: tab }).click()
    await viewer.press('/')
    await viewer.page.keyboard.type('a')
    expect(await viewer.page.evaluate('window.broken')).toBeUndefined()
    expect(
      await viewer.page.locator('.bluelet-viewer img, .bluelet-viewer svg, .bluelet-viewer script').count(),
    ).toBe(0)
    expect(viewer.errors).toEqual([])
    await viewer.close()
  })

  it('cannot run as code, even if it got into the page', async () => {
    const viewer = await ViewerPage.open(browser, folder, echoTrace())

    await viewer.page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.broken=1">')`,
    )

    await expect.poll(() => viewer.errors.join()).toContain('Content Security Policy')
    expect(await viewer.page.evaluate('window.broken')).toBeUndefined()
    await viewer.close()
  })
})

describe('a file that is opened', () => {
  const [header = '', ...lines] = stringify(echoTrace()).split('\n')

  async function opened(content: string | Uint8Array): Promise<ViewerPage> {
    const viewer = await ViewerPage.open(browser, folder, readFileSync(VIEWER, 'utf8'))
    await viewer.page.locator('input[type=file]').setInputFiles(folder.write('chosen.jsonl', content))
    return viewer
  }

  it('is shown', async () => {
    const viewer = await opened(stringify(echoTrace()))

    await expect.poll(() => viewer.sentence()).toContain('main#1 ran because')
    expect(await viewer.page.locator('h1').textContent()).toBe('chosen.jsonl')
    expect(viewer.errors).toEqual([])
    await viewer.close()
  })

  it('may also be dropped', async () => {
    const viewer = await ViewerPage.open(browser, folder, readFileSync(VIEWER, 'utf8'))

    await viewer.page.evaluate((text) => {
      const page = globalThis as any
      const data = new page.DataTransfer()
      data.items.add(new page.File([text], 'dropped.jsonl'))
      page.document.body.dispatchEvent(
        new page.DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
      )
    }, stringify(echoTrace()))

    await expect.poll(() => viewer.sentence()).toContain('main#1 ran because')
    await viewer.close()
  })

  it.each([
    ['is empty', '', 'this is no trace'],
    ['is a text', 'Dear reader,\n', 'this is no trace'],
    ['is HTML', '<!doctype html><script>alert(1)</script>', 'this is no trace'],
    ['is binary', Uint8Array.from({ length: 4096 }, (_, i) => (i * 7) % 256), 'this is no trace'],
    [
      'has another version',
      header.replace('trace/1', 'trace/2'),
      '"bluelet-trace/2", which this version cannot read',
    ],
    [
      'is damaged',
      [header, ...lines.slice(0, 5), '{"n":5,"t"'].join('\n'),
      'line 7 of the trace is no event',
    ],
    ['lacks a line', [header, ...lines.slice(0, 5), ...lines.slice(6)].join('\n'), 'expected n 5, got 6'],
  ])('gets a clear message if it %s', async (_, content, message) => {
    const viewer = await opened(content)

    const alert = viewer.page.getByRole('alert')
    await expect.poll(() => alert.textContent()).toContain(message)
    expect(await alert.textContent()).toContain('chosen.jsonl cannot be shown.')

    // The page is alive.
    await viewer.page
      .locator('input[type=file]')
      .setInputFiles(folder.write('good.jsonl', stringify(echoTrace())))
    await expect.poll(() => viewer.sentence()).toContain('main#1 ran because')
    expect(await alert.isVisible()).toBe(false)
    expect(viewer.errors).toEqual([])
    await viewer.close()
  })

  it('gets a clear message if its header is not what it says', async () => {
    const viewer = await opened(header.replace('"dropped":0', '"dropped":"many","begin":7'))

    await expect
      .poll(() => viewer.page.getByRole('alert').textContent())
      .toContain('the header of this trace is damaged: it has a wrong value of dropped, begin')
    await viewer.close()
  })

  it('may have events that are damaged: the page stays alive, and says so where one is shown', async () => {
    const damaged = lines.map((line) => line.replace(/,"by":\{[^}]*\}|,"ev":"[^"]*"|,"name":"[^"]*"/, ''))
    const viewer = await opened([header, ...damaged].join('\n'))
    await expect.poll(() => viewer.sentence()).not.toBe('No trace is open.')

    for (let i = 0; i < 18; i++) await viewer.press('ArrowRight', 't', 'b', 'f')
    await viewer.press('End')

    expect(await viewer.page.locator('.notice').textContent()).toContain('the trace is damaged there')
    await viewer.press('Home')
    expect(await viewer.step()).toBe(1)
    expect(viewer.errors).toEqual([])
    await viewer.close()
  })

  it('may have 100 MB: the page stays alive, and shows the first part', { timeout: 120_000 }, async () => {
    const trace = longTrace(50_000)
    const [first = '', ...rest] = stringify(trace).trimEnd().split('\n')
    const parts = [first]
    let size = 0
    for (let n = 0; size < 100 * 1024 * 1024; n++) {
      const line = (rest[n % rest.length] ?? '').replace(/"n":\d+/, `"n":${n}`)
      parts.push(line)
      size += line.length
    }
    const viewer = await ViewerPage.open(browser, folder, readFileSync(VIEWER, 'utf8'))
    const longest = await viewer.watch()
    await viewer.page.locator('input[type=file]').setInputFiles(folder.write('large.jsonl', parts.join('\n')))

    await expect
      .poll(() => viewer.page.locator('.notice').textContent(), { timeout: 60_000 })
      .toContain('has more than 200,000 events. Shown are the first ones')
    await viewer.press('End')
    expect(await viewer.step()).toBeGreaterThan(10_000)
    const frozen = await longest()
    console.log(`reading 100 MB, the page was frozen for ${frozen.toFixed(0)} ms at most`)
    expect(frozen).toBeLessThan(5_000)
    expect(viewer.errors).toEqual([])
    await viewer.close()
  })

  it('may be one line of 100 MB, which is no trace', async () => {
    const viewer = await opened(`${header.slice(0, -1)},"x":"${'x'.repeat(100 * 1024 * 1024)}"}`)

    await expect
      .poll(() => viewer.page.getByRole('alert').textContent(), { timeout: 60_000 })
      .toContain('line 1 is longer than 32 MB')
    await viewer.close()
  })
})

describe('a seek', () => {
  it.each([10_000, 50_000])('in a trace of %i events takes less than a frame', async (size) => {
    const viewer = await ViewerPage.open(browser, folder, longTrace(size))
    await expect.poll(() => viewer.sentence()).toContain('ran because')

    const times = await viewer.page.evaluate(async () => {
      const page = globalThis as any
      const slider = page.document.querySelector('input[type=range]')
      const measured: number[] = []
      for (let i = 0; i < 60; i++) {
        const begun = performance.now()
        slider.value = String(1 + ((i * 7919) % Number(slider.max)))
        slider.dispatchEvent(new page.Event('input'))
        page.document.body.getBoundingClientRect() // The layout is part of it.
        const seeking = performance.now() - begun
        measured.push(seeking)
        await new Promise<void>((done) => page.requestAnimationFrame(() => page.requestAnimationFrame(done)))
      }
      return measured.sort((a, b) => a - b)
    })
    const [median = 0, worst = 0] = [times[30], times[58]]
    console.log(`a seek in ${size} events: median ${median.toFixed(1)} ms, 98 % under ${worst.toFixed(1)} ms`)

    // Less than 16 ms on a quiet machine; this one may be busy.
    expect(median).toBeLessThan(50)
    await viewer.close()
  })
})
