import { parse, SCHEMA, stringify, type Trace, TraceReader } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'

const TRACE: Trace = {
  header: { schema: SCHEMA, clock: 'virtual', unit: 'ms', dropped: 2, seed: 1 },
  events: [
    { n: 2, t: 0, e: 'spawn', co: 1, name: 'main\n', parent: null, by: null },
    { n: 3, t: 0, e: 'resume', co: 1, how: 'value', because: 2 },
    { n: 4, t: 0.5, e: 'exit', co: 1, outcome: 'returned', value: '"€\u2028"' },
  ],
}

describe('stringify', () => {
  it('writes the header, then a line for each event', () => {
    const lines = stringify(TRACE).split('\n')

    expect(lines).toHaveLength(5)
    expect(lines[0]).toBe('{"schema":"bluelet-trace/1","clock":"virtual","unit":"ms","dropped":2,"seed":1}')
    expect(lines[2]).toBe('{"n":3,"t":0,"e":"resume","co":1,"how":"value","because":2}')
    expect(lines[4]).toBe('')
  })
})

describe('parse', () => {
  it('reads what stringify wrote', () => {
    expect(parse(stringify(TRACE))).toEqual(TRACE)
  })

  it('reads lines that end as on Windows, and a last one that does not end', () => {
    expect(parse(stringify(TRACE).replaceAll('\n', '\r\n'))).toEqual(TRACE)
    expect(parse(stringify(TRACE).trimEnd())).toEqual(TRACE)
  })

  it('keeps what it does not know', () => {
    const text = stringify(TRACE)
      .replace('"seed":1', '"seed":1,"colour":"red"')
      .replace('"n":3,', '"n":3,"x":1,')

    expect(stringify(parse(text))).toBe(text)
  })

  it.each(['', 'hello', '{}', 'null', '[1]', '{"schema":7}', '\u0000\u0001', '<!doctype html>'])(
    'refuses %j, which is no trace',
    (text) => {
      expect(() => parse(text)).toThrow(/^this is no trace: expected a first line such as .*, got "/)
      expect(() => parse(text)).toThrow(SyntaxError)
    },
  )

  it('refuses the trace of another version, and names both', () => {
    expect(() => parse('{"schema":"bluelet-trace/2"}')).toThrow(
      'this trace has the format "bluelet-trace/2", which this version cannot read: it reads bluelet-trace/1',
    )
  })

  it.each(['', '{"n":1', '{"n":1,"t":0}', '{"n":"1","t":0,"e":"park"}', '{"n":1,"e":"park"}', 'null'])(
    'refuses %j as an event, and names the line',
    (line) => {
      const [header] = stringify(TRACE).split('\n')

      expect(() => parse(`${header}\n${line}\n{}`)).toThrow(/^line 2 of the trace is no event: /)
    },
  )

  it('refuses a trace in which a line is missing or twice', () => {
    const lines = stringify(TRACE).split('\n')

    expect(() => parse([lines[0], lines[1], lines[3]].join('\n'))).toThrow(
      'line 3 of the trace: expected n 3, got 4: a line is missing or twice',
    )
    expect(() => parse([lines[0], lines[1], lines[1]].join('\n'))).toThrow(/expected n 3, got 2/)
  })

  it('refuses what is no text', () => {
    expect(() => parse(undefined as unknown as string)).toThrow(
      'parse(text): expected a string, got undefined',
    )
  })
})

describe('TraceReader', () => {
  it.each([1, 2, 7, 60, 1000])('reads a text in pieces of %i characters', (size) => {
    const text = stringify(TRACE)
    const reader = new TraceReader()

    for (let at = 0; at < text.length; at += size) reader.add(text.slice(at, at + size))

    expect(reader.end()).toEqual(TRACE)
  })

  it('counts lines, events, and the characters of a line that has not ended', () => {
    const [header = '', first = ''] = stringify(TRACE).split('\n')
    const reader = new TraceReader()
    const counts = () => [reader.lines, reader.size, reader.pending]

    reader.add(header.slice(0, 9))
    expect(counts()).toEqual([0, 0, 9])
    reader.add(`${header.slice(9)}\n${first}\n{"n":`)
    expect(counts()).toEqual([2, 1, 5])
    reader.add('3')
    expect(counts()).toEqual([2, 1, 6])
  })

  it('gives what it has read in whole lines', () => {
    const reader = new TraceReader()

    reader.add(stringify(TRACE).slice(0, -9))

    expect(reader.stop()).toEqual({ ...TRACE, events: TRACE.events.slice(0, 2) })
  })

  it('gives nothing if it has read nothing', () => {
    expect(() => new TraceReader().stop()).toThrow(/^this is no trace: /)
    expect(() => new TraceReader().end()).toThrow(/^this is no trace: /)
  })
})
