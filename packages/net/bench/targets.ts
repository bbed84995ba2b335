// The floors and aims, and whether they are reached.
import type { Comparison, Results } from './results.js'
import { BASELINE } from './sides.js'
import { median } from './statistics.js'
import { count, ratio, type Table } from './tables.js'

/** The echo that they apply to: 64 connections, 64-byte messages. */
const CONNECTIONS = 64
const MESSAGE_BYTES = 64

/** Server, the server that it is compared with, floor, aim: how many times less CPU time. */
const ECHO = [
  ['node-yield', BASELINE, 0.95, 1],
  ['epoll-yield', BASELINE, 1.6, 1.8],
  ['epoll-yield', 'c', 0.65, 0.8],
  ['epoll-yield', 'go', 1, 1.1],
  ['epoll-yield', 'bun', 1, 1.1],
  ['node-yield', 'bluelet', 1, 1.1],
  ['epoll-yield', 'bluelet', 1.8, 2],
] as const

/** Memory of an idle connection as a multiple of that on callbacks. */
const MEMORY_RATIO = { floor: 1.3, aim: 1 }

/** Bytes of an idle connection on the `epoll` driver. */
const MEMORY_BYTES = { floor: 1200, aim: 900 }

export function targetEcho({ comparisons }: Results): Comparison | undefined {
  return comparisons.find(
    ({ what, connections, messageBytes }) =>
      what === 'echo' && connections === CONNECTIONS && messageBytes === MESSAGE_BYTES,
  )
}

export function targetsOf(results: Results): Table {
  const echo = targetEcho(results)
  const memory = results.comparisons.find(({ what }) => what === 'memory')
  const name = (id: string) => results.sides[id]?.name ?? id
  const rows: string[][] = []
  for (const [side, other, floor, aim] of ECHO) {
    const value = echo && ratio(echo, 'cpu', side, other, 'less')
    if (value === undefined) continue
    const verdict = verdictOf(value >= aim, value >= floor)
    rows.push([
      `echo, ${name(side)} against ${name(other)}`,
      `${value.toFixed(2)} x`,
      `${floor} x`,
      `${aim} x`,
      verdict,
    ])
  }
  if (memory !== undefined) rows.push(...memoryRows(memory))
  const title = `Floors and aims: ${CONNECTIONS} connections, ${MESSAGE_BYTES} B; memory after one echo`
  return { title, rows: [['', 'measured', 'floor', 'aim', ''], ...rows] }
}

function memoryRows(memory: Comparison): string[][] {
  const rows: string[][] = []
  const against = ratio(memory, 'used', 'node-yield', BASELINE, 'more')
  if (against !== undefined) {
    const { floor, aim } = MEMORY_RATIO
    const verdict = verdictOf(against <= aim, against <= floor)
    const what = 'idle connection, node driver against callbacks (less is better)'
    rows.push([what, `${against.toFixed(2)} x`, `${floor} x`, `${aim} x`, verdict])
  }
  const own = memory.samples['epoll-yield']?.used
  if (own !== undefined) {
    const { floor, aim } = MEMORY_BYTES
    const value = median(own)
    const verdict = verdictOf(value <= aim, value <= floor)
    rows.push(['idle connection, epoll driver, bytes', count(value), count(floor), count(aim), verdict])
  }
  return rows
}

function verdictOf(aim: boolean, floor: boolean): string {
  return aim ? 'aim reached' : floor ? 'floor reached' : 'missed'
}
