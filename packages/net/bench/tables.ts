// The tables of the results: the same for the terminal and for the page.
import type { Comparison, Results } from './results.js'
import { BASELINE } from './sides.js'
import { median } from './statistics.js'

/** Cells by row; the first row has the titles, the first column the servers. */
export interface Table {
  readonly title: string
  readonly rows: readonly (readonly string[])[]
}

type Titled = Pick<Comparison, 'what' | 'connections' | 'messageBytes' | 'inFlight'>

/** The cell of a missing measurement. */
const NOTHING = '-'

type Value = (comparison: Comparison, side: string) => string

export function tablesOf(results: Results): Table[] {
  const of = (what: Comparison['what']) => results.comparisons.filter((each) => each.what === what)
  const [echoes, [connects], [memory], [start]] = [of('echo'), of('connects'), of('memory'), of('start')]
  const [lines, [pieces], [redis]] = [of('lines'), of('pieces'), of('redis')]
  const [[handshakes], [datagrams], [bursts]] = [of('handshakes'), of('datagrams'), of('bursts')]
  const tables: Table[] = []
  if (echoes.length > 0) {
    const columns = (value: Value): [string, Comparison, Value][] =>
      echoes.map((echo) => [`${count(echo.connections)} x ${bytes(echo.messageBytes)}`, echo, value])
    tables.push(
      tableOf(results, 'Echo: CPU time of the server per echo, us', columns(spreadOf('cpu', digits))),
      tableOf(
        results,
        'Echo: how many times less CPU time than callbacks (more is better)',
        columns(ratioOf('cpu', 'less')),
      ),
      tableOf(results, 'Echo: echoes per second', columns(medianOf('perSecond', count))),
      tableOf(
        results,
        'Echo: latency, p50 / p99, us',
        columns(
          (each, side) => `${medianOf('p50', count)(each, side)} / ${medianOf('p99', count)(each, side)}`,
        ),
      ),
      tableOf(
        results,
        "Echo: how busy the load generator's core was",
        columns(medianOf('loadBusy', (share) => `${Math.round(share * 100)} %`)),
      ),
    )
  }
  if (lines.length > 0) {
    const columns = (value: Value): [string, Comparison, Value][] =>
      lines.map((each) => [`${each.inFlight} in flight`, each, value])
    const size = `${count(lines[0]!.connections)} connections, lines of ${bytes(lines[0]!.messageBytes)}`
    tables.push(
      tableOf(
        results,
        `Lines: CPU time of the server per line, us (${size})`,
        columns(spreadOf('cpu', digits)),
      ),
      tableOf(
        results,
        'Lines: how many times less CPU time than callbacks (more is better)',
        columns(ratioOf('cpu', 'less')),
      ),
      tableOf(results, 'Lines: latency of all in flight, p99, us', columns(medianOf('p99', count))),
    )
  }
  if (pieces !== undefined) {
    const { connections, messageBytes } = pieces
    const size = `${count(connections)} connections, messages of ${bytes(messageBytes)}`
    tables.push(tableOf(results, `Echo that is read 64 bytes at a time (${size})`, costOf(pieces, 'message')))
  }
  if (redis !== undefined) {
    const size = `${count(redis.connections)} connections, ${redis.inFlight} in flight`
    tables.push(tableOf(results, `Redis: SET and GET of redis-benchmark (${size})`, costOf(redis, 'command')))
  }
  if (connects !== undefined) {
    tables.push(
      tableOf(results, 'Connections: connect, one echo, close', [
        ['CPU of the server, us', connects, spreadOf('cpu', digits)],
        ['x callbacks', connects, ratioOf('cpu', 'less')],
        ['per second', connects, medianOf('perSecond', count)],
        ['p50, us', connects, medianOf('p50', count)],
        ['p99, us', connects, medianOf('p99', count)],
      ]),
    )
  }
  for (const echo of of('tls')) {
    const size = `${count(echo.connections)} connections, messages of ${bytes(echo.messageBytes)}`
    tables.push(tableOf(results, `TLS 1.3: echo (${size})`, costOf(echo, 'echo')))
  }
  if (handshakes !== undefined) {
    const size = `${count(handshakes.connections)} clients`
    tables.push(
      tableOf(
        results,
        `TLS 1.3: connect, handshake, echo of one byte, close (${size})`,
        costOf(handshakes, 'connection'),
      ),
    )
  }
  if (datagrams !== undefined) {
    const size = `${count(datagrams.connections)} clients, ${bytes(datagrams.messageBytes)}`
    tables.push(tableOf(results, `Datagrams: echo (${size})`, costOf(datagrams, 'datagram')))
  }
  if (bursts !== undefined) {
    const size = `${count(bursts.connections)} clients, ${bursts.inFlight} x ${bytes(bursts.messageBytes)} at once`
    tables.push(tableOf(results, `Datagrams: one answer to a burst (${size})`, costOf(bursts, 'datagram')))
  }
  if (memory !== undefined) {
    tables.push(
      tableOf(results, `Memory of an idle connection, with ${count(memory.connections)} of them, bytes`, [
        ['nothing sent', memory, spreadOf('silent', count)],
        ['x callbacks', memory, ratioOf('silent', 'more')],
        ['after one echo', memory, spreadOf('used', count)],
        ['x callbacks', memory, ratioOf('used', 'more')],
        ['the server without connections, MB', memory, medianOf('none', (n) => (n / 1e6).toFixed(1))],
      ]),
    )
  }
  if (start !== undefined) {
    tables.push(
      tableOf(results, 'From the start of the process to the first reply', [
        ['ms', start, spreadOf('ms', digits)],
        ['x callbacks', start, ratioOf('ms', 'more')],
      ]),
    )
  }
  return tables
}

export function asText({ title, rows }: Table): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  )
  return `\n${title}\n${lines.join('\n')}`
}

export function asMarkdown({ title, rows: [titles, ...rows] }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = `|---|${'---:|'.repeat(titles!.length - 1)}`
  return `**${title}**\n\n${[line(titles!), rule, ...rows.map(line)].join('\n')}\n`
}

/**
 * Returns how many times less (or more) one server needs than another: the median of the ratios
 * within a round; undefined if one of them is missing.
 */
export function ratio(
  comparison: Comparison,
  kind: string,
  side: string,
  other: string,
  direction: 'less' | 'more',
): number | undefined {
  const { samples } = comparison
  if (samples[side]?.[kind] === undefined || samples[other]?.[kind] === undefined) return undefined
  return median(ratios(comparison, kind, side, other, direction))
}

/** Returns these ratios, round by round. Both servers must have been measured. */
export function ratios(
  { samples }: Comparison,
  kind: string,
  side: string,
  other: string,
  direction: 'less' | 'more',
): number[] {
  const [own, theirs] = [samples[side]![kind]!, samples[other]![kind]!]
  return own.map((value, round) => (direction === 'less' ? theirs[round]! / value : value / theirs[round]!))
}

/** The title of a comparison or a workload. */
export function titleOf({ what, connections, messageBytes, inFlight = 1 }: Titled): string {
  if (what === 'memory' || what === 'start') return what
  const size = `${what}, ${count(connections)} x ${bytes(messageBytes)}`
  return inFlight === 1 && what !== 'lines' ? size : `${size}, ${inFlight} in flight`
}

/** Formats a number with three significant digits. */
export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

export function count(value: number): string {
  return new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value)
}

export function bytes(value: number): string {
  return value < 1024 ? `${value} B` : `${value / 1024} KiB`
}

function tableOf(
  { sides }: Results,
  title: string,
  columns: readonly (readonly [string, Comparison, Value])[],
): Table {
  const taking = Object.entries(sides).filter(([id]) =>
    columns.some(([, { samples }]) => samples[id] !== undefined),
  )
  const rows = taking.map(([id, { name }]) => [
    name,
    ...columns.map(([, comparison, value]) =>
      comparison.samples[id] === undefined ? NOTHING : value(comparison, id),
    ),
  ])
  return { title, rows: [['', ...columns.map(([heading]) => heading)], ...rows] }
}

function costOf(comparison: Comparison, unit: string): [string, Comparison, Value][] {
  return [
    [`CPU of the server per ${unit}, us`, comparison, spreadOf('cpu', digits)],
    ['x callbacks', comparison, ratioOf('cpu', 'less')],
    ['p99, us', comparison, medianOf('p99', count)],
  ]
}

function medianOf(kind: string, shown: (value: number) => string): Value {
  return ({ samples }, side) => shown(median(samples[side]![kind]!))
}

/** Shows the median, the minimum and the maximum. */
function spreadOf(kind: string, shown: (value: number) => string): Value {
  return ({ samples }, side) => {
    const values = samples[side]![kind]!
    return `${shown(median(values))} (${shown(Math.min(...values))}-${shown(Math.max(...values))})`
  }
}

function ratioOf(kind: string, direction: 'less' | 'more'): Value {
  return (comparison, side) => ratio(comparison, kind, side, BASELINE, direction)?.toFixed(2) ?? NOTHING
}
