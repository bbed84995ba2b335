import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse, SCHEMA, type Trace, toHTML } from '@bluelet/scheduler/trace'
import { afterEach, describe, expect, it, vi } from 'vitest'

const VIEWER = readFileSync(
  fileURLToPath(new URL('../../../packages/scheduler/dist/viewer.html', import.meta.url)),
  'utf8',
)

function traceOf(text: string): Trace {
  return {
    header: { schema: SCHEMA, clock: 'virtual', unit: 'ms', dropped: 0, sources: { [text]: text } },
    events: [{ n: 0, t: 0, e: 'log', text, co: null }],
  }
}

/** The text of the trace that a page contains: as far as an HTML parser takes it for text. */
function embeddedIn(html: string): string {
  const [, after = ''] = html.split('id="bluelet-trace">')
  return after.slice(0, after.search(/<\/script/i))
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('toHTML', () => {
  it('puts a trace into the viewer of the package', () => {
    const html = toHTML(traceOf('hello'))

    expect(parse(embeddedIn(html))).toEqual(traceOf('hello'))
    expect(html.replace(embeddedIn(html), '')).toBe(VIEWER)
  })

  it('puts it into the viewer that it is given', () => {
    const viewer = 'a<script type="application/x-ndjson" id="bluelet-trace"></script>b'

    expect(toHTML(traceOf('x'), viewer)).toMatch(/^a<script [^>]+>\{.*\}\n\{.*\}\n<\/script>b$/)
  })

  it.each(['</script><script>', '<!--<script>', ']]>', '\u2028\u2029', "$&$1$'", '\u0000\r\n', '\ud800'])(
    'embeds %j as nothing but text',
    (text) => {
      const embedded = embeddedIn(toHTML(traceOf(text)))

      expect(embedded).not.toMatch(/[<>\u2028\u2029\r\0]/)
      expect(parse(embedded)).toEqual(traceOf(text))
    },
  )

  it.each(['', '<!doctype html>', 7, null])('refuses %j as a viewer', (viewer) => {
    expect(() => toHTML(traceOf('x'), viewer as string)).toThrow(
      /^toHTML\(trace, viewer\): expected the text of @bluelet\/scheduler\/viewer.html, got /,
    )
  })

  it('needs a viewer where it cannot read files', () => {
    vi.stubGlobal('process', undefined)

    expect(() => toHTML(traceOf('x'))).toThrow('there is no viewer to be read here')
  })
})
