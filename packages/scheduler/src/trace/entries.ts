/**
 * What the columns of a ring mean, kind by kind: makes the events of a trace from them.
 */

import type { Entry } from './ring.js'
import type {
  ExitEvent,
  IoCause,
  IoEvent,
  PacketEvent,
  ResourceEvent,
  ResumeEvent,
  TraceCause,
  TraceEvent,
  TraceEventBase,
} from './schema.js'

// The kinds, as numbers: indices into what decodes them.
export const SPAWN = 0
export const RESUME = 1
export const YIELD = 2
export const CALL = 3
export const RETURN = 4
export const PARK = 5
export const WAKE = 6
export const CANCEL = 7
export const EXIT = 8
export const IO = 9
export const RESOURCE = 10
export const PACKET = 11
export const LOG = 12
export const INPUT = 13
export const WARN = 14

// The kinds of causes, in the lower bits of `op`.
export const BY_TASK = 0
export const BY_TIMER = 1
export const BY_IO = 2
export const BY_OUTSIDE = 3
/** What happened to the socket is in the bits above. */
export const CAUSE_BITS = 2

export const HOWS: readonly ResumeEvent['how'][] = ['value', 'error', 'return']
export const OUTCOMES: readonly ExitEvent['outcome'][] = ['returned', 'threw', 'killed']
export const IO_OPS: readonly IoEvent['op'][] = [
  'read',
  'write',
  'accept',
  'connected',
  'end',
  'shutdown',
  'failed',
]
/** Those that move bytes. */
const MOVES: ReadonlySet<IoEvent['op'] | undefined> = new Set<IoEvent['op']>(['read', 'write'])
export const IO_CAUSES: readonly IoCause['op'][] = [
  'read',
  'accept',
  'connected',
  'end',
  'failed',
  'writable',
]
export const RESOURCE_OPS: readonly ResourceEvent['op'][] = ['made', 'listen', 'connect', 'close', 'reset']
export const PACKET_OPS: readonly PacketEvent['op'][] = ['sent', 'arrived', 'lost']

/** The event of the columns. */
export function eventOf(entry: Entry): TraceEvent {
  const { n, t } = entry
  return (DECODERS[entry.kind] as Decoder)({ n, t }, entry) // Each kind has one.
}

type Decoder = (base: TraceEventBase, entry: Entry) => TraceEvent

const DECODERS: readonly Decoder[] = [
  (base, { op, id: co, ref: by, other, text: name = '', extra }) => ({
    ...base,
    e: 'spawn',
    co,
    name,
    parent: other === 0 ? null : other,
    by,
    ...at(extra),
    ...(op === 1 ? { library: true } : {}),
  }),
  (base, { op, id: co, ref: because, other, text }) => ({
    ...base,
    e: 'resume',
    co,
    how: HOWS[op] as ResumeEvent['how'],
    because,
    ...(other === 0 ? {} : { io: base.n - other }),
    ...value(text),
  }),
  (base, { id: co, other, text: ev = '', text2: op = '', extra }) => ({
    ...base,
    e: 'yield',
    co,
    ev,
    op,
    ...on(other, extra?.tasks),
    ...at(extra),
    ...(extra?.locals === undefined ? {} : { locals: extra.locals }),
  }),
  (base, { id: co, text: name }) => ({ ...base, e: 'call', co, ...(name === undefined ? {} : { name }) }),
  (base, { op, id: co, text }) => ({
    ...base,
    e: 'return',
    co,
    how: HOWS[op] as ResumeEvent['how'],
    ...value(text),
  }),
  (base, { id: co }) => ({ ...base, e: 'park', co }),
  (base, entry) => ({ ...base, e: 'wake', co: entry.id, by: causeOf(entry) }),
  (base, entry) => ({
    ...base,
    e: 'cancel',
    co: entry.id,
    by: causeOf(entry),
    grace: entry.extra?.grace as number, // Each has one.
  }),
  (base, { op, id: co, text }) => ({
    ...base,
    e: 'exit',
    co,
    outcome: OUTCOMES[op] as ExitEvent['outcome'],
    ...(OUTCOMES[op] === 'threw' ? { error: text ?? '' } : value(text)),
  }),
  (base, { op, id: res, ref: cause, other, x: bytes, text, extra }) => ({
    ...base,
    e: 'io',
    res,
    op: IO_OPS[op] as IoEvent['op'],
    ...(MOVES.has(IO_OPS[op]) ? { bytes } : {}),
    ...value(text),
    ...(extra?.made === undefined ? {} : { made: extra.made }),
    cause,
    step: other === 0 ? null : base.n - other,
  }),
  (base, { op, id: res, ref: step, text }) => ({
    ...base,
    e: 'res',
    res,
    op: RESOURCE_OPS[op] as ResourceEvent['op'],
    ...(text === undefined ? {} : { at: text }),
    step,
  }),
  (base, { op, id, x: bytes, text: from = '', text2: to = '' }) => ({
    ...base,
    e: 'packet',
    id,
    from,
    to,
    bytes,
    op: PACKET_OPS[op] as PacketEvent['op'],
  }),
  (base, { id, text = '' }) => ({ ...base, e: 'log', text, co: id === 0 ? null : id }),
  (base, { text: id = '', text2: data = '' }) => ({ ...base, e: 'input', id, data }),
  (base, { id, text: rule = '', text2: msg = '' }) => ({
    ...base,
    e: 'warn',
    rule,
    co: id === 0 ? null : id,
    msg,
  }),
]

function causeOf({ op, other, ref, x, text: source = '' }: Entry): TraceCause {
  switch (op & ((1 << CAUSE_BITS) - 1)) {
    case BY_TASK:
      return { kind: 'task', co: other, step: ref }
    case BY_TIMER:
      return { kind: 'timer', due: x }
    case BY_IO:
      return { kind: 'io', res: other, op: IO_CAUSES[op >> CAUSE_BITS] as IoCause['op'], bytes: x, io: ref }
    default:
      return { kind: 'external', source }
  }
}

function value(text: string | undefined): { readonly value?: string } {
  return text === undefined ? {} : { value: text }
}

function at(extra: Entry['extra']): { readonly at?: string } {
  const text = typeof extra?.at === 'function' ? extra.at() : extra?.at
  return text === undefined ? {} : { at: text }
}

function on(
  other: number,
  tasks: readonly number[] | undefined,
): { readonly on?: { tasks?: readonly number[]; res?: number } } {
  if (other === 0 && tasks === undefined) return {}
  return { on: { ...(tasks === undefined ? {} : { tasks }), ...(other === 0 ? {} : { res: other }) } }
}
